import type { Batch, BatchFile, BatchProblem, BatchProblemCode } from '../../core/batch.js'
import { nothingMatched } from '../../core/batch-problems.js'
import { Failure } from '../../core/failure.js'
import type { Fingerprint, NewJob } from '../../core/job.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { Clock } from '../../ports/clock.js'
import type { DirectoryWalker } from '../../ports/directory-walker.js'
import type { Logger } from '../../ports/logger.js'
import type { SourceOpener } from '../../ports/source.js'
import { mapLimited } from '../async/map-limited.js'
import type { NodeBoard } from '../nodes/node-board.js'
import { fingerprintSource } from '../storage/fingerprint-source.js'
import { fileProblem, type JobNames, newJob } from '../use-cases/job-template.js'
import { fileUnavailable, logRefusal } from '../use-cases/source-refusal.js'

export interface WalkDeps {
  readonly store: Pick<BatchStore, 'extendBatch' | 'endWalk' | 'batchFiles'>
  readonly walker: Pick<DirectoryWalker, 'walk'>
  readonly sources: SourceOpener
  readonly names: JobNames
  readonly board: Pick<NodeBoard, 'placeOf'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Logger
  /** The epoch of the walk's chore, which fences what the walk writes. */
  readonly epoch: number
  /** So many jobs may be queued for a walk to go on; null stands for any number. */
  readonly mostQueued: number | null
}

/** This is a file that can be opened, with its key. */
interface Candidate extends BatchFile {
  readonly fingerprint: Fingerprint
}

/** One round trip to the store brings so many files of a list. */
const listChunk = 256
const opensAtOnce = 8
/** A walk that found the queue full looks again after so long. */
const roomPollMs = 100
const refusals: readonly BatchProblemCode[] = ['source_unavailable', 'directory_unreadable']

/**
 * Makes jobs of the files of a batch, chunk by chunk, and ends the walk. A walk that was interrupted is begun anew,
 * because the store passes over what has its job already. A list goes on where it was. While the queue is full the walk
 * waits for room.
 */
export const walkBatch = async (batch: Batch, deps: WalkDeps, signal: AbortSignal): Promise<void> => {
  const { store, walker, sources, names, board, clock, mostQueued } = deps
  const { id, target, template, source } = batch
  const walk = { batchId: id, epoch: deps.epoch }
  const logger = deps.logger.child({ batchId: id })

  const jobOf = ({ path, key, fingerprint }: Candidate): NewJob => {
    const { bucket, endpoint, region } = target
    const of = {
      batchId: id,
      source: { kind: 'path' as const, path, fingerprint },
      place: board.placeOf(path),
      target: { bucket, key, endpoint, region },
    }
    return newJob(template, of, names)
  }

  const jobsOf = (files: readonly Candidate[]): readonly NewJob[] => (batch.dryRun ? [] : files.map(jobOf))

  /** Makes jobs of these files when there is room for them only now and then. */
  const takeAsRoomAllows = async (files: readonly Candidate[]): Promise<'ok' | 'stopped'> => {
    for (;;) {
      const found = { jobs: jobsOf(files), problems: [], planned: [], listed: null }
      const end = await store.extendBatch(walk, found, mostQueued)
      if (end !== 'full') return end
      if (files.length > 1) break
      await clock.sleep(roomPollMs, signal)
    }
    // The files go half by half, because room for the second half grows while the first half waits for its own.
    const half = files.length >> 1
    const end = await takeAsRoomAllows(files.slice(0, half))
    return end === 'stopped' ? end : takeAsRoomAllows(files.slice(half))
  }

  const extend = async (
    candidates: readonly Candidate[],
    met: readonly BatchProblem[],
    listed: number | null,
  ): Promise<'ok' | 'stopped'> => {
    const judged = candidates.map((file) => ({ file, problem: fileProblem(file.path, file, file.fingerprint) }))
    const fit = judged.flatMap(({ file, problem }) => (problem === null ? [file] : []))
    const problems = [...met, ...judged.flatMap(({ problem }) => problem ?? [])]
    const planned = batch.dryRun ? fit.map(({ path, key, fingerprint }) => ({ path, key, size: fingerprint.size })) : []
    for (let jobs = jobsOf(fit); ; jobs = []) {
      const end = await store.extendBatch(walk, { jobs, problems, planned, listed }, mostQueued)
      if (end !== 'full') return end
      if ((await takeAsRoomAllows(fit)) === 'stopped') return 'stopped'
    }
  }

  const open = async (file: BatchFile): Promise<Candidate | BatchProblem> => {
    try {
      return { ...file, fingerprint: await fingerprintSource(sources, file.path, template.options.roots) }
    } catch (error) {
      // What failed because of this machine may succeed when the walk is begun anew.
      if (!(error instanceof Failure) || error.kind === 'local' || error.kind === 'stalled') throw error
      logRefusal(logger, file.path, error)
      return fileUnavailable(file.path, error)
    }
  }

  const walkList = async (): Promise<'ok' | 'stopped'> => {
    for (let from = batch.listed; ; from += listChunk) {
      signal.throwIfAborted()
      const files = await store.batchFiles(id, from, listChunk)
      if (files.length === 0) return 'ok'
      const opened = await mapLimited(files, opensAtOnce, open)
      const candidates = opened.filter((one): one is Candidate => 'fingerprint' in one)
      const problems = opened.filter((one): one is BatchProblem => 'code' in one)
      if ((await extend(candidates, problems, from + files.length)) === 'stopped') return 'stopped'
    }
  }

  const walkDirectory = async (request: Extract<Batch['source'], { kind: 'dir' }>): Promise<'ok' | 'stopped'> => {
    // A file that matches and cannot be read is a problem of its own.
    let matched = false
    for await (const { files, problems } of walker.walk({ ...request, within: template.options.roots }, signal)) {
      for (const { path, code, message } of problems) {
        if (refusals.includes(code)) logRefusal(logger, path, { reason: null, message })
      }
      matched ||= files.length > 0 || problems.some(({ code }) => code === 'source_unavailable')
      const candidates = files.map(({ path, relative, fingerprint }) => ({
        path,
        key: target.prefix + relative,
        fingerprint,
      }))
      if ((await extend(candidates, problems, null)) === 'stopped') return 'stopped'
    }
    if (!matched && request.include.length > 0) return extend([], [nothingMatched(request.dir)], null)
    return 'ok'
  }

  const end = source.kind === 'dir' ? await walkDirectory(source) : await walkList()
  if (end === 'ok') await store.endWalk(walk)
}
