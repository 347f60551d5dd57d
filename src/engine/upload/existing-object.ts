import { Failure } from '../../core/failure.js'
import { pathOf, type Receipt, sizeOf } from '../../core/job.js'
import type { OpenSource, SourceOpener } from '../../ports/source.js'
import type { StoredObject } from '../../ports/target.js'
import { findCompleted, reconcileComplete } from './complete-upload.js'
import { isOurs, mayBeOurs, objectExists, proveObject } from './prove.js'
import { objectOf, type Run } from './run.js'
import { assertSameFile } from './source-guard.js'

/**
 * Asks OSS what `ifExists` means before anything is sent. Returns 'skip' when the job is done without sending; throws
 * Failure `permanent` with `object_exists` for `fail`. An object with this job's own marker is ours from a lost answer
 * and never stands in its own way.
 */
export const checkExisting = async (run: Run, source: OpenSource): Promise<'skip' | 'send'> => {
  const { ifExists } = run.job.options
  if (ifExists === 'overwrite') return 'send'
  const found = await run.retrier.request({
    name: 'head',
    attempt: () => run.target.head(objectOf(run.job), run.control.hard),
  })
  if (found === null || (run.job.marker !== null && found.marker === run.job.marker)) return 'send'
  switch (ifExists) {
    case 'skip':
      return 'skip'
    case 'skipSame': {
      const size = sizeOf(run.job)
      if (found.size !== size || found.serverCrc64 === null) return 'send'
      return (await source.crc64(0, size, run.control.hard)) === found.serverCrc64 ? 'skip' : 'send'
    }
    case 'fail':
      throw objectExists('An object of this name exists already', { requestId: found.requestId })
  }
}

/** Whether this job may have made its object although no run has seen the answer. */
export const mayBeMade = ({ job, control, isPutUnanswered }: Run): boolean =>
  job.upload?.mode === 'put' ? control.wasShielded || isPutUnanswered || job.runs > 1 : job.intent === 'complete'

/** Returns the CRC-64 of the source; null when it is no longer the file that was sent. */
const sourceCrc64 = async (run: Run, sources: SourceOpener, signal: AbortSignal): Promise<string | null> => {
  const { fingerprint } = run.job.source
  try {
    const source = await sources.open(pathOf(run.job), run.job.options.roots)
    try {
      assertSameFile(fingerprint, await source.fingerprint())
      return await source.crc64(0, fingerprint.size, signal)
    } finally {
      await source.close()
    }
  } catch (error) {
    if (error instanceof Failure) return null
    throw error
  }
}

/**
 * Returns the receipt of the object that this job made without an answer that was seen; null when OSS shows none of
 * ours, or when the source of a put has changed since. Then nothing tells which bytes were sent: the marker travels in
 * a header, so it says nothing of a body that was spoilt on its way, and the CRC-64 of OSS only tells what arrived.
 */
export const findMadeObject = async (
  run: Run,
  sources: SourceOpener,
  look: () => Promise<StoredObject | null>,
  signal: AbortSignal,
): Promise<Receipt | null> => {
  const { marker, upload, options } = run.job
  if (upload?.mode !== 'put') return findCompleted(run, look)
  const found = await look()
  const size = sizeOf(run.job)
  if (found === null || !mayBeOurs(found, { size, marker })) return null
  const crc64 = options.crc64 ?? (await sourceCrc64(run, sources, signal))
  if (crc64 === null) {
    const { bucket, key } = run.job.target
    run.logger.warn({ bucket, key, crc64: found.serverCrc64 }, 'OSS holds an object of this job that cannot be proven')
    return null
  }
  const sent = { size, crc64, partsProven: false, marker }
  return isOurs(found, sent) ? proveObject(found, sent, run.clock.now()) : null
}

const lateLookMs = 10_000
const lateTries = 3

/**
 * Looks for the object of a job whose deadline has come while OSS may have made it. The run is stopped, so this look
 * has a short time of its own. Returns null also when OSS cannot be asked: a retry or a cancel asks again.
 */
export const lookAfterDeadline = async (run: Run, sources: SourceOpener): Promise<Receipt | null> => {
  const over = new AbortController()
  const done = new AbortController()
  void run.clock.sleep(lateLookMs, done.signal).then(
    () => over.abort(new Failure('transient', 'OSS did not show the object in time')),
    () => {},
  )
  const look = async (): Promise<StoredObject | null> => {
    for (let tries = 1; ; tries++) {
      try {
        return await run.target.head(objectOf(run.job), over.signal)
      } catch (error) {
        if (!(error instanceof Failure) || error.kind === 'permanent' || tries === lateTries) throw error
        await run.clock.sleep(1_000, over.signal)
      }
    }
  }
  try {
    return await findMadeObject(run, sources, look, over.signal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    run.logger.warn({ ossCode: error.ossCode, reason: error.message }, 'It cannot be told whether the object exists')
    return null
  } finally {
    done.abort()
  }
}

/**
 * Returns the receipt of what a put without an answer made. Keys that may not look cannot tell, and then the cancel
 * stands.
 */
const findPut = async (run: Run, sources: SourceOpener): Promise<Receipt | null> => {
  const { hard } = run.control
  const look = () => run.retrier.request({ name: 'head', attempt: () => run.target.head(objectOf(run.job), hard) })
  try {
    return await findMadeObject(run, sources, look, hard)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'access_denied') throw error
    run.logger.warn({ reason: error.message }, 'It cannot be told whether the cancelled put made its object')
    return null
  }
}

/**
 * Returns the receipt of the object that a cancelled job made before, or null. Throws when OSS cannot be asked about a
 * Complete.
 */
export const findOnCancel = async (run: Run, sources: SourceOpener): Promise<Receipt | null> =>
  run.job.upload?.mode === 'put' ? findPut(run, sources) : reconcileComplete(run)
