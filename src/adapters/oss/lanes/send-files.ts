import { performance } from 'node:perf_hooks'
import type { Crc64Factory } from '../../../core/crc64.js'
import type { Fingerprint } from '../../../core/job.js'
import type { ReadWholeFile } from '../../../ports/source.js'
import type { Network } from '../wire/network.js'
import type { PutAnswer } from '../wire/put-answer.js'
import { createPutConnections, type PutPeer } from '../wire/put-connections.js'
import type { ExchangeTimeouts } from '../wire/timeouts.js'

/** One small file and the signed head of its PUT. It is plain data, so that it can cross to another thread. */
export interface FileOrder {
  /** The request line and all headers, with the empty line behind them. Each character is one byte. */
  readonly head: string
  readonly path: string
  readonly fingerprint: Fingerprint
  readonly within?: readonly string[]
  readonly timeouts: ExchangeTimeouts
}

/** The files of one order go to one peer, one after another. */
export interface FilesOrder {
  readonly peer: PutPeer
  readonly files: readonly FileOrder[]
  /** After this instant by either clock nothing is begun any more: milliseconds of `hrtime` and since the epoch. */
  readonly until: { readonly hrMs: number; readonly wallMs: number }
}

/** How one file went. */
export type FileReport =
  | {
      readonly is: 'answered'
      readonly crc64: string
      /** Headers of the answer, as they came; null where it had none. */
      readonly etag: string | null
      readonly serverCrc64: string | null
      readonly versionId: string | null
      readonly requestId: string | null
      readonly ms: number
    }
  /** Nothing of it was sent. `isSkipped` says that it was not even looked at. */
  | { readonly is: 'unsent'; readonly why: string; readonly isSkipped: boolean }
  /** It was sent, and no success came back. `mayBeDone` says that OSS may hold the object nevertheless. */
  | {
      readonly is: 'failed'
      readonly why: string
      readonly mayBeDone: boolean
      readonly status: number | null
      readonly ms: number
    }

/**
 * Reads, hashes and sends small files. Each file is read whole, and looked at once more, before its first byte leaves.
 * The reports are in the order of the files. It never rejects.
 */
export type SendFiles = (order: FilesOrder, signal: AbortSignal) => Promise<readonly FileReport[]>

const largestHead = 16 * 1024
const largestFile = 256 * 1024

export interface FileSender {
  readonly send: SendFiles
  close(): void
}

const nowMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

export const createFileSender = (network: Network, readFile: ReadWholeFile, createCrc64: Crc64Factory): FileSender => {
  const connections = createPutConnections(network)
  /** As many buffers as were ever in use at the same time. A head ends where its file begins. */
  const buffers: Buffer[] = []

  const reportOf = (answer: PutAnswer, crc64: string, startedAt: number): FileReport => ({
    is: 'answered',
    crc64,
    etag: answer.headers.get('etag') ?? null,
    serverCrc64: answer.headers.get('x-oss-hash-crc64ecma') ?? null,
    versionId: answer.headers.get('x-oss-version-id') ?? null,
    requestId: answer.headers.get('x-oss-request-id') ?? null,
    ms: performance.now() - startedAt,
  })

  const sendOne = async (peer: PutPeer, file: FileOrder, buffer: Buffer, signal: AbortSignal): Promise<FileReport> => {
    const { head, fingerprint, timeouts } = file
    const why = readFile(file.path, fingerprint, file.within, buffer, largestHead)
    if (why !== null) return { is: 'unsent', why, isSkipped: false }
    const end = largestHead + fingerprint.size
    const crc = createCrc64()
    crc.update(buffer.subarray(largestHead, end))
    const start = largestHead - head.length
    buffer.write(head, start, 'latin1')
    const startedAt = performance.now()
    const outcome = await connections.put(peer, buffer.subarray(start, end), timeouts, signal)
    if ('answer' in outcome) return reportOf(outcome.answer, String(crc.digest()), startedAt)
    const { trouble, mayBeDone, status } = outcome
    return { is: 'failed', why: trouble, mayBeDone, status, ms: performance.now() - startedAt }
  }

  return {
    async send({ peer, files, until }, signal) {
      const buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(largestHead + largestFile)
      const reports: FileReport[] = []
      let over: string | null = null
      for (const file of files) {
        if (signal.aborted) over = 'it was called off'
        if (nowMs() > until.hrMs || Date.now() > until.wallMs) over = 'its time was over'
        if (file.fingerprint.size > largestFile || file.head.length > largestHead) {
          reports.push({ is: 'unsent', why: 'it is too large', isSkipped: false })
          continue
        }
        const report: FileReport =
          over === null ? await sendOne(peer, file, buffer, signal) : { is: 'unsent', why: over, isSkipped: true }
        // What one file met at the peer the next one would likely meet too.
        if (report.is === 'failed') over = 'the file before it failed'
        reports.push(report)
      }
      buffers.push(buffer)
      return reports
    },
    close: connections.close,
  }
}
