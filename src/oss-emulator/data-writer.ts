import { closeSync, openSync, rmSync, writev } from 'node:fs'
import { promisify } from 'node:util'
import type { DataFiles } from './data-files.js'
import type { Segment } from './stored.js'

const writeBuffers = promisify(writev)

/** Writes one body: into a pack when it turns out to be small, and otherwise into a file of its own. */
export interface DataWriter {
  /** Resolves when more may be added. */
  add(chunk: Buffer): Promise<void>
  /** Resolves when everything is written. The segment belongs to the caller. */
  finish(): Promise<Segment>
  /** Leaves nothing behind. It does nothing after `finish`. */
  discard(): Promise<void>
}

/**
 * So many bytes are gathered before they are written, which makes one call to the file system for sixteen chunks of the
 * network.
 */
const batchBytes = 1024 * 1024

export const createDataWriter = (dataFiles: DataFiles): DataWriter => {
  let own: { readonly file: string; readonly path: string; readonly descriptor: number } | null = null
  let writing: Promise<void> = Promise.resolve()
  let batch: Buffer[] = []
  let batched = 0
  let written = 0

  const openOwn = () => {
    const file = dataFiles.newFile()
    const path = dataFiles.path(file)
    return { file, path, descriptor: openSync(path, 'wx') }
  }

  const write = async (descriptor: number, buffers: Buffer[], byteCount: number): Promise<void> => {
    const { bytesWritten } = await writeBuffers(descriptor, buffers)
    if (bytesWritten !== byteCount) throw new Error('The disk is full.')
    written += byteCount
  }

  return {
    async add(chunk) {
      batch.push(chunk)
      batched += chunk.length
      if (batched < batchBytes) return
      // One batch is written while the next one is gathered. More would only fill the memory.
      await writing
      own ??= openOwn()
      writing = write(own.descriptor, batch, batched)
      // The next await of this promise sees the error. Until then it must not count as unhandled.
      writing.catch(() => {})
      batch = []
      batched = 0
    },
    async finish() {
      if (own === null) return dataFiles.pack(batch, batched)
      await writing
      if (batched > 0) await write(own.descriptor, batch, batched)
      closeSync(own.descriptor)
      const { file } = own
      own = null
      return dataFiles.adopt(file, written)
    },
    async discard() {
      if (own === null) return
      await writing.catch(() => {})
      closeSync(own.descriptor)
      rmSync(own.path, { force: true })
      own = null
    },
  }
}
