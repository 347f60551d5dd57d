import { AppError } from '../../core/app-error.js'
import type { Caller } from '../../core/caller.js'
import type { JobState } from '../../core/job.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { Clock } from '../../ports/clock.js'
import type { JobFilter } from '../../ports/job-filter.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Logger } from '../../ports/logger.js'
import type { Sweep, SweepStore, SweepVerb } from '../../ports/sweep-store.js'
import { createAgent } from '../async/agent.js'
import type { StorageGate } from '../storage/storage-gate.js'
import { mayMatch } from './waits.js'

/** How much a verb for many is going to reach. */
export interface SweepAnswer {
  readonly jobs: number
  readonly batches: number
}

/** Pauses and resumes everything that matches, in small steps, so that nobody waits for it. */
export interface Sweeps {
  /**
   * Durable when it resolves; then it goes from job to job. Batches that may still make jobs that match get the verb too. Throws
   * AppError `forbidden` for callers who are bound to a part of the jobs.
   */
  begin(verb: SweepVerb, filter: JobFilter, caller: Caller): Promise<SweepAnswer>
  /** Everything is being paused: nothing is to be begun that would be paused at once. */
  holdsClaims(): boolean
  /** Reads what is left of earlier verbs, so that `holdsClaims` is right from the first claim on. */
  open(): Promise<void>
  start(): void
  /** Idempotent. What is left is done after the next start. */
  stop(): Promise<void>
}

interface Deps {
  readonly store: SweepStore & Pick<JobStore, 'countJobs'> & Pick<BatchStore, 'unfinishedBatches' | 'controlBatch'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly clock: Clock
  readonly logger: Logger
  /** Batches got a verb that goes on from job to job. */
  onBatches(): void
}

const stepJobs = 128
const betweenStepsMs = 5
const betweenLooksMs = 500
const retryMs = 1_000
const idleMs = 60_000

const reached: Readonly<Record<SweepVerb, readonly JobState[]>> = { pause: ['queued', 'running'], resume: ['paused'] }

/** A pause of everything. */
const holdsAll = ({ verb, filter }: Sweep): boolean => verb === 'pause' && isOfAll(filter)

const isOfAll = (filter: JobFilter): boolean => Object.keys(filter).length === 0

export const createSweeps = ({ store, storage, clock, logger, onBatches }: Deps): Sweeps => {
  let holding = false
  /** Sweeps that have met every job and await some: what is left may not hold up others. */
  let awaiting = new Set<number>()

  const countJobs = async (verb: SweepVerb, filter: JobFilter): Promise<number> => {
    let jobs = 0
    for (let cursor: string | null = null; ; ) {
      const page = await store.countJobs({ ...filter, states: reached[verb] }, cursor)
      jobs += page.pending
      cursor = page.nextCursor
      if (cursor === null) return jobs
    }
  }

  const steerBatches = async (verb: SweepVerb, filter: JobFilter, by: string | null): Promise<number> => {
    // What only some jobs of a batch are is nothing that the batch could be told.
    if (filter.source !== undefined) return 0
    const meant = (await store.unfinishedBatches()).filter((batch) => mayMatch(batch, filter))
    let told = 0
    for (const { id } of meant) if ((await store.controlBatch(id, verb, by)).kind === 'ok') told++
    if (told > 0) onBatches()
    return told
  }

  const follow = (sweeps: readonly Sweep[]): void => {
    awaiting = new Set([...awaiting].filter((id) => sweeps.some((sweep) => sweep.id === id)))
    holding = sweeps.some((sweep) => holdsAll(sweep) && !awaiting.has(sweep.id))
  }

  /** Until every job has been met. */
  const carryOut = async (sweep: Sweep, signal: AbortSignal): Promise<void> => {
    const { id, verb } = sweep
    while (await storage.opens(signal)) {
      const step = await store.stepSweep(id, stepJobs)
      if (step === 'more') {
        await clock.sleep(betweenStepsMs, signal)
        continue
      }
      if (step === 'again') {
        awaiting.add(id)
        if (holdsAll(sweep)) holding = false
      } else logger.info({ verb }, 'The verb has reached every job that matched')
      return
    }
  }

  const round = async (signal: AbortSignal): Promise<number> => {
    const sweeps = await store.unfinishedSweeps()
    follow(sweeps)
    for (const sweep of sweeps) await carryOut(sweep, signal)
    const left = await store.unfinishedSweeps()
    follow(left)
    if (!left.every(({ id }) => awaiting.has(id))) return 0
    return left.length === 0 ? idleMs : betweenLooksMs
  }

  const agent = createAgent({
    name: 'sweeps',
    clock,
    logger,
    gate: storage,
    backoff: { firstMs: retryMs, longestMs: retryMs },
    round,
  })

  return {
    async begin(verb, filter, caller) {
      if (caller.roots !== null || caller.targets !== null) {
        throw new AppError('forbidden', `This token is bound to roots or targets: ${verb} jobs or batches one by one`)
      }
      const jobs = await countJobs(verb, filter)
      await store.beginSweep(verb, filter, caller.name)
      if (verb === 'pause' && isOfAll(filter)) holding = true
      const batches = await steerBatches(verb, filter, caller.name)
      logger.info({ by: caller.name, verb, filter, jobs, batches }, 'A verb for many jobs begins')
      agent.poke()
      return { jobs, batches }
    },
    holdsClaims: () => holding,
    async open() {
      follow(await store.unfinishedSweeps())
    },
    start: agent.start,
    stop: agent.stop,
  }
}
