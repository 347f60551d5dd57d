import { type FileHandle, open } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DataFiles } from './data-files.js'
import type { ObjectRange } from './operation.js'
import type { RenderedAnswer } from './rendered-answer.js'

const chunkBytes = 256 * 1024

async function* readFrom(handle: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  let position = start
  while (position < start + length) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, start + length - position))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) throw new Error('A data file is shorter than its record.')
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
  }
}

/** Yields the bytes of a range, in order, from the files that hold them. */
async function* readRange({ object, start, length }: ObjectRange, dataFiles: DataFiles): AsyncGenerator<Buffer> {
  let segmentStart = 0
  for (const { file, offset, size } of object.segments) {
    const from = Math.max(start, segmentStart)
    const to = Math.min(start + length, segmentStart + size)
    if (from < to) {
      const handle = await open(dataFiles.path(file))
      try {
        yield* readFrom(handle, offset + from - segmentStart, to - from)
      } finally {
        await handle.close()
      }
    }
    segmentStart += size
  }
}

const sendRange = async (response: ServerResponse, range: ObjectRange, dataFiles: DataFiles, end: boolean) => {
  const { segments } = range.object
  dataFiles.hold(segments)
  try {
    await pipeline(Readable.from(readRange(range, dataFiles), { objectMode: false }), response, { end })
  } finally {
    dataFiles.release(segments)
  }
}

const hasNoBody = (status: number): boolean => status === 204 || status === 304

const lengthOf = ({ body, range }: RenderedAnswer): number => range?.length ?? Buffer.byteLength(body)

const writeHead = (response: ServerResponse, answer: RenderedAnswer): void => {
  const length = hasNoBody(answer.status) ? {} : { 'content-length': String(lengthOf(answer)) }
  response.writeHead(answer.status, { ...length, ...answer.headers })
}

/** Sends a whole answer. It resolves when the last byte has been handed to the connection. */
export const sendAnswer = async (
  response: ServerResponse,
  answer: RenderedAnswer,
  dataFiles: DataFiles,
): Promise<void> => {
  writeHead(response, answer)
  if (answer.range === null) response.end(answer.body)
  else await sendRange(response, answer.range, dataFiles, true)
}

/** Sends the first half of an answer, and nothing more. When the answer has no body, it sends half of its head. */
export const sendHalf = async (
  response: ServerResponse,
  answer: RenderedAnswer,
  dataFiles: DataFiles,
): Promise<void> => {
  const half = Math.floor(lengthOf(answer) / 2)
  if (half === 0) {
    response.socket?.write(`HTTP/1.1 ${answer.status} OK\r\nServer: Aliyun`)
    return
  }
  writeHead(response, answer)
  if (answer.range === null) response.write(answer.body.slice(0, half))
  else await sendRange(response, { ...answer.range, length: half }, dataFiles, false)
}
