import type { Batch } from '../../core/batch.js'
import { doubled } from '../../core/retry.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { Clock } from '../../ports/clock.js'
import type { DirectoryWalker } from '../../ports/directory-walker.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Logger } from '../../ports/logger.js'
import type { SourceOpener } from '../../ports/source.js'
import { createAgent } from '../async/agent.js'
import { createPatientStore } from '../storage/patient-store.js'
import type { StorageGate } from '../storage/storage-gate.js'
import type { JobNames } from '../use-cases/job-template.js'
import { retryBatch } from './retry-batch.js'
import { walkBatch } from './walk-batch.js'

/** Does what is left to do for batches: walks, carries verbs on from job to job, retries. After a crash it goes on with all of it. */
export interface BatchAgent {
  start(): void
  /** There may be something to do. */
  wake(): void
  /** Idempotent. What is left is done after the next start. */
  stop(): Promise<void>
}

interface Deps {
  readonly store: BatchStore & Pick<JobStore, 'list' | 'control'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly walker: Pick<DirectoryWalker, 'walk'>
  readonly sources: SourceOpener
  readonly names: JobNames
  readonly clock: Clock
  readonly logger: Logger
  /** How many jobs may be queued; null: any number. */
  readonly maxQueued: number | null
}

type Kind = 'walk' | 'steer' | 'retry'

interface Active {
  readonly abort: AbortController
  readonly ended: Promise<void>
}

/** Each has a thread; the batches behind them wait for their turn. */
const walksAtMost = 4
const steerStep = 256
const steerPauseMs = 50
const pollMs = 1_000
/** With nothing to do: what begins work pokes the agent. */
const idleMs = 15_000
const longestBackoffMs = 60_000

/** Walks leave a tenth of the queue to single submits, or they would be refused for as long as a walk takes. */
const roomOfWalks = (maxQueued: number | null): number | null =>
  maxQueued === null ? null : Math.ceil(maxQueued * 0.9)

/** What the batch as it is calls for. */
const tasksOf = (batch: Batch): readonly Kind[] => [
  ...(batch.walk === 'going' && batch.desired === 'run' ? (['walk'] as const) : []),
  ...(batch.steering === null ? [] : (['steer'] as const)),
  ...(batch.retryAt !== null && batch.desired === 'run' ? (['retry'] as const) : []),
]

export const createBatchAgent = (deps: Deps): BatchAgent => {
  const { storage, clock } = deps
  const active = new Map<string, Active>()
  /** Tasks that failed in a row, and when they have their next turn. */
  const failures = new Map<string, { readonly count: number; readonly notBefore: number }>()

  const steer = async (batchId: string, store: BatchStore, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && !(await store.steerJobs(batchId, steerStep))) await clock.sleep(steerPauseMs, signal)
  }

  const perform = (kind: Kind, batch: Batch, signal: AbortSignal): Promise<void> => {
    const store = createPatientStore(deps.store, storage, signal)
    if (kind === 'walk') return walkBatch(batch, { ...deps, store, mostQueued: roomOfWalks(deps.maxQueued) }, signal)
    if (kind === 'steer') return steer(batch.id, store, signal)
    return retryBatch({ ...batch, retryAt: batch.retryAt ?? 0 }, { ...deps, store }, signal)
  }

  const attempt = async (task: string, kind: Kind, batch: Batch, signal: AbortSignal): Promise<void> => {
    const startedAt = clock.monotonic()
    const fields = { batchId: batch.id, task: kind }
    try {
      await perform(kind, batch, signal)
      failures.delete(task)
      deps.logger.debug({ ...fields, afterMs: Math.round(clock.monotonic() - startedAt) }, 'a task of a batch ended')
    } catch (error) {
      if (signal.aborted) return
      const count = failures.get(task)?.count ?? 0
      const backoffMs = doubled(pollMs, count, longestBackoffMs)
      failures.set(task, { count: count + 1, notBefore: clock.monotonic() + backoffMs })
      const reason = error instanceof Error ? error.message : String(error)
      deps.logger.error({ ...fields, reason, backoffMs }, 'A task of a batch failed and is begun anew')
    }
  }

  const begin = (task: string, kind: Kind, batch: Batch): void => {
    const abort = new AbortController()
    const ended = attempt(task, kind, batch, abort.signal).finally(() => {
      active.delete(task)
      // It may have ended because the batch calls for something else now.
      agent.poke()
    })
    active.set(task, { abort, ended })
  }

  const mayBegin = (task: string, kind: Kind): boolean => {
    if (active.has(task) || (failures.get(task)?.notBefore ?? 0) > clock.monotonic()) return false
    return kind !== 'walk' || [...active.keys()].filter((name) => name.startsWith('walk ')).length < walksAtMost
  }

  const look = async (stopping: AbortSignal): Promise<number> => {
    const wanted = (await deps.store.unfinishedBatches()).flatMap((batch) =>
      tasksOf(batch).map((kind) => ({ task: `${kind} ${batch.id}`, kind, batch })),
    )
    const names = new Set(wanted.map(({ task }) => task))
    for (const [task, { abort }] of active) if (!names.has(task)) abort.abort(new Error('no longer wanted'))
    for (const task of failures.keys()) if (!names.has(task)) failures.delete(task)
    if (!stopping.aborted)
      for (const { task, kind, batch } of wanted) if (mayBegin(task, kind)) begin(task, kind, batch)
    return wanted.length === 0 ? idleMs : pollMs
  }

  const agent = createAgent({
    name: 'batches',
    clock,
    logger: deps.logger,
    gate: storage,
    backoff: { firstMs: pollMs, longestMs: pollMs },
    round: look,
  })

  return {
    start: agent.start,
    wake: agent.poke,
    async stop() {
      await agent.stop()
      for (const { abort } of active.values()) abort.abort(new Error('the daemon stops'))
      await Promise.all([...active.values()].map(({ ended }) => ended))
    },
  }
}
