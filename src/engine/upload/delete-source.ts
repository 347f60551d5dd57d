import { Failure } from '../../core/failure.js'
import { pathOf, type Receipt, type RemovalNote, type SourceRemoval } from '../../core/job.js'
import type { Finish } from '../../core/job-ends.js'
import type { OpenSource, SourceOpener } from '../../ports/source.js'
import type { SourceRemover } from '../../ports/source-remover.js'
import type { Run } from './run.js'
import { RunStopped } from './run-control.js'
import { assertSameFile, onlyCtimeMoved } from './source-guard.js'

export interface SourceTools {
  readonly sources: SourceOpener
  readonly remover: SourceRemover
}

const kept = (note: string): RemovalNote => ({ state: 'kept', note })

const carryOut = async (
  run: Run,
  remover: SourceRemover,
  { aside, fingerprint }: SourceRemoval & { readonly state: 'pending' },
): Promise<RemovalNote> => {
  const { options } = run.job
  const note = await remover.remove({ path: pathOf(run.job), aside, fingerprint, within: options.roots })
  if (note.state === 'kept') run.logger.warn({ note: note.note }, 'The source is kept')
  return note
}

/** Deletes the source of a proven object: the intent is committed before the file is touched. */
const deleteSource = async (
  run: Run,
  remover: SourceRemover,
  receipt: Receipt,
  source: OpenSource,
): Promise<RemovalNote> => {
  const uploaded = run.job.source.fingerprint
  const fingerprint = await source.fingerprint()
  assertSameFile(uploaded, fingerprint)
  if (onlyCtimeMoved(uploaded, fingerprint)) {
    const crc64 = await source.crc64(0, uploaded.size, run.control.hard)
    if (crc64 !== receipt.crc64) return kept('The source no longer holds the bytes that were uploaded')
  }
  const removal = { state: 'pending', aside: remover.newName(), fingerprint, receipt } as const
  if (!(await run.record.beginRemoval(removal))) return kept('The job was cancelled before its source was deleted')
  return carryOut(run, remover, removal)
}

const asked = async (
  run: Run,
  { sources, remover }: SourceTools,
  receipt: Receipt,
  open: OpenSource | null,
): Promise<RemovalNote> => {
  try {
    if (open !== null) return await deleteSource(run, remover, receipt, open)
    const source = await sources.open(pathOf(run.job), run.job.options.roots)
    try {
      return await deleteSource(run, remover, receipt, source)
    } finally {
      await source.close()
    }
  } catch (error) {
    // The object is proven: a deadline ends what is left to do, not the job.
    if (error instanceof RunStopped && error.reason === 'deadline') {
      return kept('The deadline came before the source was seen to be unchanged')
    }
    if (!(error instanceof Failure) || error.kind === 'stalled') throw error
    return error.code === 'source_missing'
      ? { state: 'removed', note: 'The source was already gone' }
      : kept(error.message)
  }
}

/**
 * Deletes the source with an end that lets it go: only a proven object does. Returns the end with what became of the
 * source. `open`: the source as the run read it, null when it did not have to.
 */
export const withSourceDeleted = async (
  run: Run,
  tools: SourceTools,
  end: Finish,
  open: OpenSource | null,
): Promise<Finish> => {
  if (run.job.options.deleteSource !== true || end.to !== 'completed') return end
  if (end.receipt === null) return { ...end, removal: kept('Nothing was uploaded: the object was there') }
  return { ...end, removal: await asked(run, tools, end.receipt, open) }
}

/**
 * Goes on for a job whose run died while it deleted the source. Returns how the job settles; null when there was no
 * such run.
 */
export const resumeDeletion = async (run: Run, remover: SourceRemover): Promise<Finish | null> => {
  const { removal } = run.job
  if (removal?.state !== 'pending') return null
  const note = await carryOut(run, remover, removal)
  return { to: 'completed', outcome: 'uploaded', receipt: removal.receipt, removal: note }
}
