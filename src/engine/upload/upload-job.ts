import { AppError } from '../../core/app-error.js'
import { Failure, type JobError } from '../../core/failure.js'
import { type Fingerprint, leftByCancel, maxCancelTries, pathOf, type Receipt, sizeOf } from '../../core/job.js'
import { putOf } from '../../core/job-steps.js'
import { modeFor } from '../../core/plan.js'
import { stalledDelayMs } from '../../core/retry.js'
import type { OpenSource } from '../../ports/source.js'
import type { Finish } from '../../ports/upload-store.js'
import { cancelUpload, discardBeforeFailing, replaceUpload } from './cancel-upload.js'
import { reconcileComplete } from './complete-upload.js'
import { resumeDeletion, type SourceTools, withSourceDeleted } from './delete-source.js'
import { checkExisting, lookAfterDeadline, mayBeMade } from './existing-object.js'
import { CallbackFailed } from './prove.js'
import { putWhole } from './put-object.js'
import { RunYields } from './request-retrier.js'
import type { Run } from './run.js'
import { RunStopped } from './run-control.js'
import { maxRestarts, sendMultipart } from './send-multipart.js'
import { assertSameFile, unsettledMs } from './source-guard.js'

/** How long a job waits after an error of ours. */
const troubleDelayMs = 30_000
/** Between two tries of a cancel that OSS refuses: what is still in flight there may be what stands in its way. */
const refusedDelayMs = 5_000

const skipped: Finish = { to: 'completed', outcome: 'skipped', receipt: null }
const uploaded = (receipt: Receipt): Finish => ({ to: 'completed', outcome: 'uploaded', receipt })

const jobError = (failure: Failure): JobError => ({
  code: failure.code ?? 'bad_request',
  message: failure.message,
  ossCode: failure.ossCode,
  requestId: failure.requestId,
})

/** Sends the bytes, by whichever way their number asks for. `seen`: the source as it was opened. */
const send = async (run: Run, source: OpenSource, seen: Fingerprint): Promise<Finish> => {
  const { options, upload } = run.job
  if (upload === null && (await checkExisting(run, source)) === 'skip') return skipped
  const mode = upload?.mode ?? modeFor(sizeOf(run.job), options.multipartThreshold)
  if (mode === 'multipart') return uploaded(await sendMultipart(run, source))
  if (upload === null) await run.record.planUpload(putOf(sizeOf(run.job)), [])
  return uploaded(await putWhole(run, source, seen))
}

/** The fingerprint of a file that is fit to be read: whatever changes it from now on moves its times. */
const settledFingerprint = async (run: Run, source: OpenSource): Promise<Fingerprint> => {
  const waitMs = unsettledMs(source.opened, run.clock.now())
  if (waitMs === 0) return source.opened
  await run.clock.sleep(waitMs, run.control.soft)
  return source.fingerprint()
}

/** One upload from its source to the finish, from wherever the last run left it. */
const uploadSource = async (run: Run, tools: SourceTools): Promise<Finish> => {
  // Before the source is opened: a writer may have removed it after Complete was sent.
  const earlier = run.job.intent === 'complete' ? await reconcileComplete(run) : null
  if (earlier !== null) return withSourceDeleted(run, tools, uploaded(earlier), null)
  for (let restarting = false; ; restarting = true) {
    const source = await tools.sources.open(pathOf(run.job), run.job.options.roots)
    try {
      const seen = await settledFingerprint(run, source)
      if (restarting) await replaceUpload(run, seen)
      assertSameFile(run.job.source.fingerprint, seen)
      // Of a retry whose source had changed before. A change that comes now forgets the upload by itself, and counts once.
      if (run.job.intent === 'abort') await replaceUpload(run, null)
      return await withSourceDeleted(run, tools, await send(run, source, seen), source)
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'changed') throw error
      if (run.job.options.onSourceChange === 'fail' || run.job.restarts >= maxRestarts) {
        await discardBeforeFailing(run)
        throw error
      }
      run.logger.warn({ reason: error.message }, 'The source changed: the upload starts anew')
    } finally {
      await source.close()
    }
  }
}

/** A job that the user cancelled while it ran, or before. */
const cancelRun = async (run: Run, { sources }: SourceTools): Promise<Finish> => {
  const receipt = await cancelUpload(run, sources)
  return receipt === null ? { to: 'cancelled' } : uploaded(receipt)
}

const finish = async (run: Run, end: Finish): Promise<void> => {
  if (!(await run.record.finish(end))) throw new RunStopped('cancel')
  const { state, outcome, receipt, error, refusal } = run.job
  const fields = { state, outcome, receipt, error }
  const leftUploadId = leftByCancel(run.job)
  if (state === 'failed') run.logger.warn(fields, 'The job failed')
  else if (leftUploadId !== null)
    run.logger.warn(
      { ...fields, leftUploadId, refusal: refusal?.error },
      'The job is cancelled, and its upload is still in OSS',
    )
  else run.logger.info(fields, `The job is ${state}`)
}

const deadline = (run: Run): Failure =>
  new Failure('permanent', `The job was not done by ${new Date(run.control.tuning.notAfter ?? 0).toISOString()}`, {
    code: 'deadline',
  })

/** Puts the job back where it waits for its next run. */
const giveBack = async (run: Run, why: RunStopped | RunYields): Promise<void> => {
  const waiting = why instanceof RunYields ? why.waiting : null
  const delayMs = waiting !== null && why instanceof RunYields ? why.delayMs : null
  if (why instanceof RunStopped && why.reason === 'pause') await run.record.release({ to: 'paused' })
  else if (run.job.state === 'cancelling') {
    const refusal = why instanceof RunYields ? why.refusal : null
    const release = { to: 'cancelling', waiting, delayMs, ...(refusal === null ? {} : { refusal }) } as const
    await run.record.release(release)
  } else await run.record.release({ to: 'queued', waiting, delayMs })
  const fields = { waiting, delayMs, reason: why.message }
  if (waiting === 'source') run.logger.warn(fields, 'The source does not answer: its job waits')
  else run.logger.info(fields, 'The run gives its job back')
}

/** OSS refuses to remove the upload of a cancelled job. The last of a few tries ends the cancel nevertheless. */
const refusedCancel = ({ job }: Run, failure: Failure): Finish => {
  const code = failure.code ?? (failure.kind === 'permanent' ? 'bad_request' : 'too_many_attempts')
  const refusal = { ...jobError(failure), code }
  if ((job.refusal?.tries ?? 0) + 1 >= maxCancelTries) return { to: 'cancelled', refusal }
  throw new RunYields('backoff', refusedDelayMs, failure.message, refusal)
}

/** What an error at the end of a run means for its job. Returns how it settles; throws RunStopped, RunYields or the store's AppError when it does not. */
const judge = (run: Run, error: unknown): Finish => {
  if (error instanceof RunStopped) {
    if (error.reason !== 'deadline') throw error
    return { to: 'failed', error: jobError(deadline(run)), receipt: null }
  }
  if (error instanceof RunYields || error instanceof AppError) throw error
  if (error instanceof CallbackFailed) return { to: 'failed', error: jobError(error.failure), receipt: error.receipt }
  if (!(error instanceof Failure)) {
    run.logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'A run ended in a bug')
    throw new RunYields('backoff', troubleDelayMs, 'An internal error')
  }
  if (error.kind === 'stalled') throw new RunYields('source', stalledDelayMs, error.message)
  if (run.job.state === 'cancelling') return refusedCancel(run, error)
  return { to: 'failed', error: jobError(error), receipt: null }
}

/**
 * The story of one job, from wherever it stands to where it settles or waits: crash recovery is running it again.
 * Settles the job in the store or gives it back; throws only what the store throws, and RunStopped `fenced`.
 */
export const runJob = async (run: Run, tools: SourceTools): Promise<void> => {
  const steps = async (): Promise<void> => {
    let end: Finish
    try {
      const resumed = await resumeDeletion(run, tools.remover)
      if (resumed !== null) return await finish(run, resumed)
      run.control.hard.throwIfAborted()
      end = run.job.state === 'cancelling' ? await cancelRun(run, tools) : await uploadSource(run, tools)
    } catch (error) {
      const late = error instanceof RunStopped && error.reason === 'deadline' && mayBeMade(run)
      const receipt = late ? await lookAfterDeadline(run, tools.sources) : null
      end = receipt === null ? judge(run, error) : await withSourceDeleted(run, tools, uploaded(receipt), null)
    }
    await finish(run, end)
  }
  try {
    await steps()
  } catch (error) {
    if (error instanceof RunStopped && error.reason === 'cancel') {
      // By a cancel, or a deadline that was moved away: the dispatcher claims the job again, with a control of its own.
      await giveBack(run, new RunYields(null, 0, 'The user wants otherwise'))
    } else if (error instanceof RunYields || (error instanceof RunStopped && error.reason !== 'fenced')) {
      await giveBack(run, error)
    } else {
      throw error
    }
  }
}
