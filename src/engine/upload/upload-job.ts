import { Failure } from '../../core/failure.js'
import { type Fingerprint, isFingerprintDue, pathOf, type Receipt, sizeOf } from '../../core/job.js'
import type { Finish } from '../../core/job-ends.js'
import { putOf } from '../../core/job-steps.js'
import { modeFor } from '../../core/plan.js'
import type { OpenSource } from '../../ports/source.js'
import { reconcileComplete } from './complete-upload.js'
import { resumeDeletion, type SourceTools, withSourceDeleted } from './delete-source.js'
import { type Ending, endingOf, releaseJob, tellFinish, unwanted } from './ending.js'
import { checkExisting, findOnCancel, lookAfterDeadline, mayBeMade } from './existing-object.js'
import { putWhole } from './put-object.js'
import { abortUpload, discardBeforeFailing, replaceUpload } from './remove-upload.js'
import type { Run } from './run.js'
import { RunStopped } from './run-control.js'
import { maxRestarts, sendMultipart } from './send-multipart.js'
import { assertSameFile, type EarlierLook, settledFingerprint } from './source-guard.js'

const skipped: Finish = { to: 'completed', outcome: 'skipped', receipt: null }
const uploaded = (receipt: Receipt): Finish => ({ to: 'completed', outcome: 'uploaded', receipt })

/** Sends the bytes in the way that their number asks for. `seen`: the source as it was opened. */
const send = async (run: Run, source: OpenSource, seen: Fingerprint): Promise<Finish> => {
  const { options, upload } = run.job
  if (upload === null && (await checkExisting(run, source)) === 'skip') return skipped
  const mode = upload?.mode ?? modeFor(sizeOf(run.job), options.multipartThreshold)
  if (mode === 'multipart') return uploaded(await sendMultipart(run, source))
  if (upload === null) await run.record.planUpload(putOf(sizeOf(run.job)), [])
  return uploaded(await putWhole(run, source, seen))
}

/**
 * Takes the fingerprint that was due. Nothing is done before it, because it decides whether what was sent before still
 * counts.
 */
const takeDueFingerprint = async (run: Run, { sources }: SourceTools): Promise<void> => {
  const source = await sources.open(pathOf(run.job), run.job.options.roots)
  try {
    await run.record.noteFingerprint(await settledFingerprint(source, null, run.clock, run.control.soft))
  } finally {
    await source.close()
  }
}

/** The first run of a job knows when its fingerprint was taken. A retry may have taken it anew, at an instant that is not stored. */
const earlierLookOf = ({ job }: Run): EarlierLook | null =>
  job.runs === 1 && job.restarts === 0 ? { fingerprint: job.source.fingerprint, at: job.createdAt } : null

/** Does one upload from its source to the finish, from wherever the last run left it. */
const uploadSource = async (run: Run, tools: SourceTools): Promise<Finish> => {
  if (isFingerprintDue(run.job)) await takeDueFingerprint(run, tools)
  // Before the source is opened: a writer may have removed it after Complete was sent.
  const earlier = run.job.intent === 'complete' ? await reconcileComplete(run) : null
  if (earlier !== null) return withSourceDeleted(run, tools, uploaded(earlier), null)
  for (let restarting = false; ; restarting = true) {
    const source = await tools.sources.open(pathOf(run.job), run.job.options.roots)
    try {
      const seen = await settledFingerprint(source, earlierLookOf(run), run.clock, run.control.soft)
      if (restarting) await replaceUpload(run, seen)
      assertSameFile(run.job.source.fingerprint, seen)
      // This is a retry whose source had changed before. A change that comes now forgets the upload by itself, and
      // counts once.
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

/** Returns how a job settles that its user has cancelled: its object may have been made already. */
const cancelJob = async (run: Run, { sources }: SourceTools): Promise<Finish> => {
  const receipt = mayBeMade(run) ? await findOnCancel(run, sources) : null
  if (receipt !== null) return uploaded(receipt)
  await abortUpload(run)
  return { to: 'cancelled' }
}

/** Goes on with the job from wherever it stands. Returns how it settles; every other end of the run is an error. */
const goOn = async (run: Run, tools: SourceTools): Promise<Finish> => {
  const resumed = await resumeDeletion(run, tools.remover)
  if (resumed !== null) return resumed
  run.control.hard.throwIfAborted()
  if (run.job.state === 'cancelling') return cancelJob(run, tools)
  run.control.soft.throwIfAborted()
  return uploadSource(run, tools)
}

/** Does the same, and asks OSS once more when the deadline comes while the object may have been made unseen. */
const goOnUntilDeadline = async (run: Run, tools: SourceTools): Promise<Finish> => {
  try {
    return await goOn(run, tools)
  } catch (error) {
    const isLate = error instanceof RunStopped && error.reason === 'deadline' && mayBeMade(run)
    const receipt = isLate ? await lookAfterDeadline(run, tools.sources) : null
    if (receipt === null) throw error
    return withSourceDeleted(run, tools, uploaded(receipt), null)
  }
}

/**
 * The story of one job, from wherever it stands to where it settles or waits: crash recovery is running it again.
 * Settles the job in the store or releases it. Throws only what the store throws, and RunStopped `fenced`.
 */
export const runJob = async (run: Run, tools: SourceTools): Promise<void> => {
  const ending = await goOnUntilDeadline(run, tools).then(
    (finish): Ending => ({ finish }),
    (error: unknown) => endingOf(run, error),
  )
  if ('release' in ending) await releaseJob(run, ending)
  else if (await run.record.finish(ending.finish)) tellFinish(run)
  else await releaseJob(run, unwanted)
}
