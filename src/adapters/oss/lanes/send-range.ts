import { createHash } from 'node:crypto'
import type { Agent } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Crc64Factory } from '../../../core/crc64.js'
import { type Answer, type ExchangeRequest, exchange, type HoldBody, type WriteBody } from '../wire/exchange.js'
import { openGate, type PaceGate } from './pace-gate.js'
import { everything } from './pace-memory.js'
import { createSourceReads, type ReadFrom, type SourceReads } from './source-reads.js'

/**
 * This says which bytes to send: `length` bytes from `offset` of an open file. It is plain data, so that it can cross
 * to another thread.
 */
export interface RangeToSend extends ReadFrom {
  readonly offset: number
  readonly length: number
}

export interface SendRangeOptions {
  readonly signal: AbortSignal
  /**
   * Receives the number of bytes handed to the socket so far. It is called at most four times a second, and never after
   * the promise settled.
   */
  onProgress(bytesSent: number): void
  /**
   * This is awaited before the last bytes are written, or before the request is sent when there are no bytes. What it
   * throws ends the request.
   */
  confirm?(): Promise<void>
  /**
   * This is the account of the job whose pace the bytes share. When it is absent, only the pace of everything counts.
   */
  readonly account?: number
}

export interface RangeSent extends Answer {
  /**
   * This is the CRC-64 of the bytes that were sent, as a decimal. It covers the whole range unless the answer is
   * `early`.
   */
  readonly crc64: string
  readonly bytesSent: number
}

export type SendRange = (
  agent: Agent,
  request: ExchangeRequest,
  range: RangeToSend,
  options: SendRangeOptions,
) => Promise<RangeSent>

const bufferBytes = 1024 * 1024
/**
 * So many streams get two whole buffers each. Further streams at the same time get two buffers of a quarter, because
 * with many streams memory counts more.
 */
const generousStreams = 2
const leanBytes = bufferBytes / 4
/** A range up to this size is read whole, into one lean buffer, before its request is sent. */
const wholeBytes = leanBytes
/**
 * Writes begin small and double up to a whole buffer, and halve when one takes long. Only a finished write is seen as
 * progress, so large writes on a slow line would look like silence.
 */
const firstWriteBytes = 128 * 1024
const smallestWriteBytes = 64 * 1024
const longWriteMs = 1_000
const progressEveryMs = 250

/** Passes progress on, at most once in each interval, beginning with the first. */
const seldom = (onProgress: SendRangeOptions['onProgress']) => {
  let toldAt = Number.NEGATIVE_INFINITY
  return (bytesSent: number, now = performance.now()): void => {
    if (now - toldAt < progressEveryMs) return
    toldAt = now
    onProgress(bytesSent)
  }
}

/**
 * Returns a pool of reused buffers: as many as were ever in use at the same time. A buffer that a read may still write
 * into is never used again.
 */
const createBufferPool = (bytes: number, reads: SourceReads) => {
  const free: Buffer[] = []
  return {
    borrow: (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(bytes),
    giveBack: (...buffers: readonly Buffer[]): void => {
      for (const buffer of buffers) if (!reads.mayWriteTo(buffer)) free.push(buffer)
    },
  }
}

/** A sender that shares libuv's threads with no other work may have so many reads. */
const mostReads = 4
const readsAlone = (): SourceReads => createSourceReads({ most: mostReads })

/**
 * Returns a digest of a range, which is read by position. Throws as `SourceReads.fill` does, or throws the signal's
 * reason. After that nothing reads from the descriptor any more, except reads that were given up.
 */
export type DigestRange = (range: RangeToSend, signal: AbortSignal) => Promise<string>

const createDigester = (
  begin: () => { update(bytes: Uint8Array): unknown; end(): string },
  reads: SourceReads,
): DigestRange => {
  const pool = createBufferPool(bufferBytes, reads)
  return async (range, signal) => {
    const { offset, length } = range
    const digest = begin()
    const buffer = pool.borrow()
    try {
      for (let done = 0; done < length; ) {
        signal.throwIfAborted()
        const bytes = await reads.fill(range, buffer, Math.min(bufferBytes, length - done), offset + done, signal)
        digest.update(bytes)
        done += bytes.length
      }
      return digest.end()
    } finally {
      pool.giveBack(buffer)
    }
  }
}

/** Returns a function for the CRC-64/XZ of a range, as a decimal. The range is read by position. */
export const createRangeHasher = (createCrc64: Crc64Factory, reads: SourceReads = readsAlone()): DigestRange =>
  createDigester(() => {
    const crc = createCrc64()
    return { update: (bytes) => crc.update(bytes), end: () => String(crc.digest()) }
  }, reads)

/** Returns a function for the MD5 of a range in Base64, as `Content-MD5` carries it. */
export const createRangeMd5 = (reads: SourceReads = readsAlone()): DigestRange =>
  createDigester(() => {
    const md5 = createHash('md5')
    return { update: (bytes) => md5.update(bytes), end: () => md5.digest('base64') }
  }, reads)

/**
 * Creates the sender of the data path, with its own reused buffers, two for each request in flight. It sends exactly
 * the range, with positioned reads and one CRC-64 pass over the bytes that go out, and it reads ahead while the last
 * buffer is written. A small range is read whole, and confirmed, before its request begins.
 * Throws ExchangeError, what `SourceReads.fill` throws, what `confirm` threw, or the signal's reason. In whichever way
 * it settles, nothing reads from the descriptor any more, except reads that were given up.
 */
export const createRangeSender = (
  createCrc64: Crc64Factory,
  pace: PaceGate = openGate,
  reads: SourceReads = readsAlone(),
): SendRange => {
  const largePool = createBufferPool(bufferBytes, reads)
  const leanPool = createBufferPool(leanBytes, reads)
  let streams = 0

  /**
   * Returns the part of these bytes that may be written now, once its turn has come. While nothing is limited it
   * returns all of them.
   */
  const nextPiece = async (bytes: Buffer, account: number, hold: HoldBody): Promise<Buffer> => {
    const most = pace.piece(account)
    if (most === null) return bytes
    const piece = bytes.subarray(0, most)
    await hold((signal) => pace.pass(account, piece.length, signal))
    return piece
  }

  const sendWhole: SendRange = async (agent, request, range, options) => {
    const { signal, onProgress, confirm, account = everything } = options
    const crc = createCrc64()
    const buffer = leanPool.borrow()
    try {
      signal.throwIfAborted()
      const bytes = await reads.fill(range, buffer, range.length, range.offset, signal)
      crc.update(bytes)
      await confirm?.()
      let bytesSent = 0
      const reportProgress = seldom(onProgress)
      const sendBody = async (write: WriteBody, hold: HoldBody): Promise<void> => {
        while (bytesSent < bytes.length) {
          const piece = await nextPiece(bytes.subarray(bytesSent), account, hold)
          if (!(await write(piece, bytesSent + piece.length === bytes.length))) return
          bytesSent += piece.length
          reportProgress(bytesSent)
        }
      }
      const answer = await exchange(agent, request, sendBody, signal)
      return { ...answer, crc64: String(crc.digest()), bytesSent: answer.early ? bytesSent : range.length }
    } finally {
      leanPool.giveBack(buffer)
    }
  }

  const sendStreaming: SendRange = async (agent, request, range, options) => {
    const { signal, onProgress, confirm, account = everything } = options
    const crc = createCrc64()
    const reportProgress = seldom(onProgress)
    let bytesSent = 0
    let writeBytes = firstWriteBytes

    const writeAll = async (bytes: Buffer, lastBuffer: boolean, write: WriteBody, hold: HoldBody): Promise<boolean> => {
      for (let start = 0; start < bytes.length; ) {
        const chunk = await nextPiece(bytes.subarray(start, start + writeBytes), account, hold)
        start += chunk.length
        const last = lastBuffer && start === bytes.length
        if (last) await confirm?.()
        const startedAt = performance.now()
        if (!(await write(chunk, last))) return false
        const now = performance.now()
        writeBytes =
          now - startedAt > longWriteMs
            ? Math.max(smallestWriteBytes, writeBytes / 2)
            : Math.min(bufferBytes, writeBytes * 2)
        bytesSent += chunk.length
        reportProgress(bytesSent, now)
      }
      return true
    }

    const sendBody = async (write: WriteBody, hold: HoldBody, buffers: readonly [Buffer, Buffer]): Promise<void> => {
      const readFrom = async (start: number, buffer: Buffer): Promise<Buffer> => {
        const most = Math.min(buffer.length, range.length - start)
        const bytes = await reads.fill(range, buffer, most, range.offset + start, signal)
        crc.update(bytes)
        return bytes
      }

      let [current, spare] = buffers
      let bytes = await readFrom(0, current)
      for (let start = 0; ; ) {
        start += bytes.length
        if (start === range.length) return void (await writeAll(bytes, true, write, hold))
        // We wait for both, whatever happens to the other, because a read must not outlive this request unless it
        // hangs.
        const [wrote, ahead] = await Promise.allSettled([writeAll(bytes, false, write, hold), readFrom(start, spare)])
        if (wrote.status === 'rejected') throw wrote.reason
        if (!wrote.value) return
        if (ahead.status === 'rejected') throw ahead.reason
        bytes = ahead.value
        ;[current, spare] = [spare, current]
      }
    }

    const pool = streams < generousStreams ? largePool : leanPool
    const buffers = [pool.borrow(), pool.borrow()] as const
    streams += 1
    try {
      const answer = await exchange(agent, request, (write, hold) => sendBody(write, hold, buffers), signal)
      return { ...answer, crc64: String(crc.digest()), bytesSent: answer.early ? bytesSent : range.length }
    } finally {
      streams -= 1
      pool.giveBack(...buffers)
    }
  }

  return (agent, request, range, options) =>
    (range.length <= wholeBytes ? sendWhole : sendStreaming)(agent, request, range, options)
}
