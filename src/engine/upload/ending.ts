import { AppError } from '../../core/app-error.js'
import { Failure, type JobError } from '../../core/failure.js'
import { leftByCancel, maxCancelTries, type Receipt, type Waiting } from '../../core/job.js'
import type { Finish } from '../../core/job-ends.js'
import { stalledDelayMs } from '../../core/retry.js'
import type { Release } from '../../ports/queue-store.js'
import { CallbackFailed } from './prove.js'
import type { Run } from './run.js'
import { RunReleases, RunStopped } from './run-control.js'

/** How a run ends: it settles its job, or it releases the job so that another run goes on with it. */
export type Ending = { readonly finish: Finish } | Released

export interface Released {
  readonly release: Release
  /** Tells the log why. */
  readonly reason: string
}

/** How long a job waits after an error of ours. */
const troubleDelayMs = 30_000
/**
 * Between two tries of a cancel that OSS refuses, because what is still in flight there may be what stands in its way.
 */
const refusedDelayMs = 5_000

/** The user has changed the job while it ran: the dispatcher claims it again, with a control of its own. */
export const unwanted: Released = {
  release: { to: 'queued', waiting: null, delayMs: null },
  reason: 'The user wants otherwise',
}

const jobError = (failure: Failure): JobError => ({
  code: failure.code ?? 'bad_request',
  message: failure.message,
  ossCode: failure.ossCode,
  requestId: failure.requestId,
})

const failed = (failure: Failure, receipt: Receipt | null = null): Ending => ({
  finish: { to: 'failed', error: jobError(failure), receipt },
})

/** What a released job waits for and how long; with nothing to wait for it goes on at once. */
interface Wait {
  readonly waiting: Waiting | null
  readonly delayMs: number | null
}

const released = ({ job }: Run, { waiting, delayMs }: Wait, reason: string, refusal?: JobError): Ending => {
  if (job.state !== 'cancelling') return { release: { to: 'queued', waiting, delayMs }, reason }
  return { release: { to: 'cancelling', waiting, delayMs, ...(refusal === undefined ? {} : { refusal }) }, reason }
}

/** OSS refuses to remove the upload of a cancelled job. The last of a few tries ends the cancel nevertheless. */
const afterRefusal = (run: Run, failure: Failure): Ending => {
  const code = failure.code ?? (failure.kind === 'permanent' ? 'bad_request' : 'too_many_attempts')
  const refusal = { ...jobError(failure), code }
  if ((run.job.refusal?.tries ?? 0) + 1 >= maxCancelTries) return { finish: { to: 'cancelled', refusal } }
  return released(run, { waiting: 'backoff', delayMs: refusedDelayMs }, failure.message, refusal)
}

const afterFailure = (run: Run, failure: Failure): Ending => {
  if (failure.kind === 'stalled') return released(run, { waiting: 'source', delayMs: stalledDelayMs }, failure.message)
  return run.job.state === 'cancelling' ? afterRefusal(run, failure) : failed(failure)
}

const afterStop = (run: Run, stop: RunStopped): Ending => {
  switch (stop.reason) {
    case 'pause':
      return { release: { to: 'paused' }, reason: stop.message }
    case 'shutdown':
      return released(run, { waiting: null, delayMs: null }, stop.message)
    case 'cancel':
      return unwanted
    case 'deadline': {
      const notAfter = new Date(run.control.tuning.notAfter ?? 0).toISOString()
      return failed(new Failure('permanent', `The job was not done by ${notAfter}`, { code: 'deadline' }))
    }
    case 'fenced':
      throw stop
  }
}

/**
 * Returns how a run ends that this error has ended. Throws the error when nothing can be written any more: RunStopped
 * `fenced`, and the AppError of a store whose medium fails.
 */
export const endingOf = (run: Run, error: unknown): Ending => {
  if (error instanceof RunReleases) return released(run, error, error.message)
  if (error instanceof RunStopped) return afterStop(run, error)
  if (error instanceof CallbackFailed) return failed(error.failure, error.receipt)
  if (error instanceof Failure) return afterFailure(run, error)
  if (error instanceof AppError) throw error
  run.logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'A run ended in a bug')
  return released(run, { waiting: 'backoff', delayMs: troubleDelayMs }, 'An internal error')
}

/** Tells the log how the job settled. */
export const tellFinish = ({ job, logger }: Run): void => {
  const { state, outcome, receipt, error } = job
  const fields = { state, outcome, receipt, error }
  const leftUploadId = leftByCancel(job)
  if (state === 'failed') logger.warn(fields, 'The job failed')
  else if (leftUploadId !== null) {
    const refusal = job.refusal?.error
    logger.warn({ ...fields, leftUploadId, refusal }, 'The job is cancelled, and its upload is still in OSS')
  } else logger.info(fields, `The job is ${state}`)
}

/** Releases the job, and tells the log why. */
export const releaseJob = async (run: Run, { release, reason }: Released): Promise<void> => {
  await run.record.release(release)
  const { waiting, delayMs } = release.to === 'paused' ? { waiting: null, delayMs: null } : release
  const fields = { waiting, delayMs, reason }
  if (waiting === 'source') run.logger.warn(fields, 'The source does not answer: its job waits')
  else run.logger.info(fields, 'The run releases its job')
}
