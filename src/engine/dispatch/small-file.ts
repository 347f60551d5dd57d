import { type Fingerprint, type Job, pathOf, type Receipt, sizeOf } from '../../core/job.js'
import type { Claim } from '../../ports/queue-store.js'
import type { FilePut, FileToPut } from '../../ports/target.js'
import type { Pair } from '../capacity/endpoint-health.js'
import { objectOf, objectOptionsOf } from '../upload/run.js'
import type { StopReason } from '../upload/run-control.js'
import type { KeptLease } from './lease-keeper.js'

/** A plain put that was claimed and is not done. */
export interface SmallFile {
  readonly claim: Claim
  readonly lease: KeptLease
  readonly queue: SmallFileQueue
  stop: StopReason | null
  job: Job
  /** OSS may have made its object. */
  mayBeMade: boolean
}

/** The small files that go to one endpoint and bucket. */
export interface SmallFileQueue {
  readonly pair: Pair
  readonly files: SmallFile[]
  /** Files that it has, in whatever state. */
  size: number
  workers: number
}

export const fingerprintOf = ({ source }: Job): Fingerprint => source.fingerprint

export const toPut = ({ job }: SmallFile): FileToPut => {
  const { roots } = job.options
  const file = { object: objectOf(job), objectOptions: objectOptionsOf(job), path: pathOf(job) }
  return { ...file, fingerprint: fingerprintOf(job), ...(roots === undefined ? {} : { within: roots }) }
}

export const receiptOf = (put: Extract<FilePut, { is: 'put' }>, completedAt: number): Receipt => {
  const { size, crc64, serverCrc64, etag, versionId, requestId } = put
  return { size, crc64, serverCrc64, proof: 'object', etag, versionId, requestId, completedAt }
}

/**
 * One slot sends so many files in a row, or so many bytes. More would be sent again after a kill, and would let a part
 * wait for its slot; fewer would cost more messages.
 */
export const filesOfTurn = 4
const bytesOfTurn = 1024 * 1024

/** Takes the files of the next turn out of their queue. */
export const takeTurn = ({ files }: SmallFileQueue): readonly SmallFile[] => {
  let count = 0
  let bytes = 0
  for (const { job } of files) {
    bytes += sizeOf(job)
    if (count === filesOfTurn || (count > 0 && bytes > bytesOfTurn)) break
    count++
  }
  return files.splice(0, count)
}
