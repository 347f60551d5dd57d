import { type Job, sizeOf } from './job.js'
import { modeFor } from './plan.js'

/** Files up to this size are read whole before anything of them is sent. */
export const mostWholeBytes = 256 * 1024

/**
 * Whether the file of a job that was just made will need nothing but to be put whole: no look before, no checksum to be
 * compared first, no callback, no deletion, no pace and no deadline of its own. A file whose fingerprint is due may be
 * of any size.
 */
export const isPlain = ({ source, options }: Pick<Job, 'source' | 'options'>): boolean => {
  const size = sizeOf({ source })
  return (
    size <= mostWholeBytes &&
    source.isDue === undefined &&
    modeFor(size, options.multipartThreshold) === 'put' &&
    options.ifExists === 'overwrite' &&
    options.crc64 === null &&
    options.notAfter === null &&
    options.callback === undefined &&
    options.deleteSource === undefined &&
    options.bandwidth === undefined
  )
}

/**
 * Whether a job that was just claimed is a plain put, which may be sent together with others. A job that had a run
 * before is none, because its object may have been made unseen. The story of one job does everything that is not plain.
 */
export const isPlainPut = (job: Job): boolean =>
  job.state === 'running' &&
  job.desired === 'run' &&
  job.runs === 1 &&
  job.upload?.mode === 'put' &&
  job.intent === null &&
  job.removal === null &&
  isPlain(job)
