import { once } from 'node:events'
import { constants } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { Failure } from '../../core/failure.js'
import type { DirectoryWalker, WalkedChunk, WalkRequest } from '../../ports/directory-walker.js'
import { createCallsByPlace, type FileCalls } from './file-calls.js'
import { openFlags } from './guarded-open.js'
import { isReadable, type Roots } from './roots.js'
import { errnoOf, outsideText, reasonOf } from './unavailable.js'
import type { WalkMessage, WalkSettings } from './walk-protocol.js'

const notADirectory = (reason: string | null): Failure => {
  const message = `The directory cannot be read: ${reason ?? outsideText}`
  return new Failure('permanent', message, { code: 'source_missing', reason })
}

export interface ThreadedWalker extends DirectoryWalker {
  /** A thread was told to end and has not: its file system does not answer. */
  isHeldUp(): boolean
}

/** Walks directories, each in a thread of its own. `threadUrl`: the compiled walk-thread.js, when it is not beside this module. */
export const createDirectoryWalker = (
  roots: Roots,
  threadUrl: URL = new URL('./walk-thread.js', import.meta.url),
  callsFor: (path: string) => Promise<FileCalls> = createCallsByPlace(),
): ThreadedWalker => {
  const ending = new Set<Worker>()

  async function* walk(request: WalkRequest, signal: AbortSignal): AsyncGenerator<WalkedChunk> {
    signal.throwIfAborted()
    const workerData: WalkSettings = { request, roots }
    const worker = new Worker(threadUrl, { workerData, name: 'walk' })
    const ask = async (): Promise<WalkMessage> => {
      worker.postMessage('next')
      // Rejects when the thread dies of an error.
      const [message] = await once(worker, 'message', { signal })
      return message as WalkMessage
    }
    try {
      let next = ask()
      for (;;) {
        const message = await next
        if (message.kind === 'failed') throw new Failure('local', `Walking failed: ${message.message}`)
        const { files, problems, done } = message
        if (!done) {
          // The thread works while this chunk is stored, one chunk ahead and no more.
          next = ask()
          next.catch(() => {})
        }
        if (files.length + problems.length > 0) yield { files, problems }
        if (done) return
      }
    } finally {
      // Not awaited: a file system that hangs would hold this up too.
      ending.add(worker)
      void worker.terminate().then(() => ending.delete(worker))
    }
  }

  return {
    async check(dir, within) {
      let errno: string | null = null
      try {
        const calls = await callsFor(dir)
        const real = await calls.realpath(dir)
        if (isReadable(roots, real, within)) {
          return await calls.close(await calls.open(real, openFlags | constants.O_DIRECTORY))
        }
      } catch (error) {
        if (error instanceof Failure) throw error
        errno = errnoOf(error)
      }
      throw notADirectory(await reasonOf({ path: dir, wanted: 'directory', errno, roots, within }, callsFor))
    },
    walk,
    isHeldUp: () => ending.size > 0,
  }
}
