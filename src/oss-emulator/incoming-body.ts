import type { IncomingMessage } from 'node:http'
import { type Bandwidth, createBandwidth } from './bandwidth.js'
import { Cut } from './fault-point.js'
import { invalidArgument, OssError } from './oss-error.js'

/** No put and no part may be longer. */
const maxDataBytes = 5 * 1024 ** 3
const trafficLimitBits = { lowest: 819_200, highest: 838_860_800 }

/** Refuses a data body of unknown or impossible length before it is read. */
export const checkLength = ({ headers }: IncomingMessage): void => {
  const length = headers['content-length']
  if (length === undefined && headers['transfer-encoding'] === undefined) throw new OssError('MissingContentLength')
  if (Number(length ?? 0) > maxDataBytes) throw new OssError('EntityTooLarge')
}

/** Returns the limit that a request asks for itself in `x-oss-traffic-limit`, which is in bits per second. */
export const requestedBandwidth = ({ headers }: IncomingMessage): Bandwidth | null => {
  const text = headers['x-oss-traffic-limit']
  if (text === undefined) return null
  const bits = Number(text)
  if (bits >= trafficLimitBits.lowest && bits <= trafficLimitBits.highest) return createBandwidth(bits / 8)
  const { lowest, highest } = trafficLimitBits
  const message = `The traffic limit must be between ${lowest} and ${highest} bit/s.`
  throw invalidArgument('x-oss-traffic-limit', String(text), message)
}

export interface BodyReading {
  /** Each of these limits slows the body down. */
  readonly limits: readonly Bandwidth[]
  /** True resets the connection when half of the body has come. */
  readonly cutInHalf: boolean
  readonly onBytes: (byteCount: number) => void
  /** Aborts when the client has hung up. */
  readonly gone: AbortSignal
}

/** Yields the chunks of a body, at the pace of the limits. It throws when the client hangs up before the end. */
export async function* readBody(request: IncomingMessage, reading: BodyReading): AsyncGenerator<Buffer> {
  const { limits, cutInHalf, onBytes, gone } = reading
  const cutAfter = cutInHalf ? Number(request.headers['content-length'] ?? 0) / 2 : Number.POSITIVE_INFINITY
  let received = 0
  // The request is not destroyed on return, because a refusal in the middle of a body must still be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    received += chunk.length
    onBytes(chunk.length)
    if (received > maxDataBytes) throw new OssError('EntityTooLarge')
    if (received >= cutAfter) throw new Cut('reset')
    for (const limit of limits) await limit.pass(chunk.length, gone)
    yield chunk
  }
  if (cutInHalf) throw new Cut('reset')
}

/**
 * Resolves when no more of a body will come, because it is complete or the connection is gone. The body must be being
 * read meanwhile.
 */
export const bodyEnded = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    const { socket } = request
    if (request.complete || socket.destroyed) {
      resolve()
      return
    }
    const done = (): void => {
      request.removeListener('end', done)
      socket.removeListener('close', done)
      resolve()
    }
    request.once('end', done)
    // Once its answer is out, node:http does not tell a request that its connection has closed.
    socket.once('close', done)
  })
