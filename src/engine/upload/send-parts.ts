import type { PlannedPart, UploadedPart } from '../../core/part.js'
import type { OpenSource } from '../../ports/source.js'
import type { UploadRef } from '../../ports/target.js'
import { objectOptionsOf, type Run } from './run.js'
import { checkGoing, RunReleases, RunStopped } from './run-control.js'
import { assertSameFile } from './source-guard.js'

/** Sends one part until OSS holds it. Returns what is to be committed. */
const sendPart = async (
  run: Run,
  upload: UploadRef,
  part: PlannedPart,
  source: OpenSource,
  signal: AbortSignal,
): Promise<UploadedPart> => {
  try {
    return await run.retrier.request<UploadedPart>({
      name: `part ${part.partNumber}`,
      carriesBytes: true,
      attempt: async (tries, moved) => {
        signal.throwIfAborted()
        const onProgress = (bytes: number): void => {
          moved()
          run.progress.moving(part.partNumber, bytes)
        }
        run.progress.moving(part.partNumber, 0)
        const sent = await run.target.uploadPart(
          upload,
          part.partNumber,
          source.range(part.offset, part.size),
          objectOptionsOf(run.job),
          { signal, onProgress, pace: run.pace },
        )
        // Once the source has changed no further part is worth sending; the last look before Complete would find out
        // anyway.
        assertSameFile(run.job.source.fingerprint, await source.fingerprint())
        return {
          partNumber: part.partNumber,
          size: sent.size,
          etag: sent.etag,
          crc64: sent.crc64,
          proven: sent.serverCrc64 !== null,
          attempts: tries,
        }
      },
    })
  } catch (error) {
    run.progress.landed(part.partNumber, null)
    throw error
  }
}

const letsOthersFinish = (error: unknown): boolean =>
  error instanceof RunReleases ||
  (error instanceof RunStopped && (error.reason === 'pause' || error.reason === 'shutdown'))

/**
 * Sends these parts in order, as many at a time as the user wants by now. Settles only when none is in flight any more.
 * The first failure ends the others; a soft stop, or a part that makes the run release its job, lets those in flight
 * finish and then throws.
 */
export const sendParts = async (
  run: Run,
  upload: UploadRef,
  missing: readonly PlannedPart[],
  source: OpenSource,
): Promise<void> => {
  const { control } = run
  const queue = missing.values()
  let left = missing.length
  const failed = new AbortController()
  const signal = AbortSignal.any([control.hard, failed.signal])
  let firstError: unknown = null
  const crew = new Set<Promise<void>>()
  let working = 0

  const wanted = (): number => (run.job.options.sequential ? 1 : control.tuning.parallel)
  const goesOn = (): boolean => left > 0 && !signal.aborted && !control.soft.aborted && firstError === null

  const stopFor = (error: unknown): void => {
    // Such an end is no failure of this part: the others finish what they have in flight.
    if (letsOthersFinish(error)) firstError ??= error
    else if (!failed.signal.aborted) {
      firstError = error
      failed.abort(error)
    }
  }

  /**
   * Commits one part while it sends the next: what a crash finds uncommitted is adopted from ListParts. Never rejects.
   */
  const work = async (): Promise<void> => {
    let committed: Promise<void> = Promise.resolve()
    while (goesOn() && working <= wanted()) {
      const { value: part } = queue.next()
      left--
      const uploaded = part && (await sendPart(run, upload, part, source, signal).catch(stopFor))
      await committed
      if (uploaded === undefined) break
      committed = run.record.commitPart(uploaded).catch(stopFor)
    }
    working--
    await committed
  }

  const hire = (): void => {
    while (goesOn() && working < wanted()) {
      working++
      const worker = work().finally(() => crew.delete(worker))
      crew.add(worker)
    }
  }

  const unsubscribe = control.onTuned(hire)
  hire()
  while (crew.size > 0) await Promise.race(crew)
  unsubscribe()
  control.hard.throwIfAborted()
  if (firstError !== null) throw firstError
  checkGoing(control)
}
