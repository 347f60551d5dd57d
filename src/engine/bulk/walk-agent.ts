import type { Batch } from '../../core/batch.js'
import { walkChore } from '../../core/chore.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { Clock } from '../../ports/clock.js'
import type { DirectoryWalker } from '../../ports/directory-walker.js'
import type { Logger } from '../../ports/logger.js'
import type { SourceOpener } from '../../ports/source.js'
import { createAgent } from '../async/agent.js'
import { createTasks, type Task } from '../async/tasks.js'
import type { NodeBoard } from '../nodes/node-board.js'
import type { Chores } from '../storage/chores.js'
import { createPatientStore } from '../storage/patient-store.js'
import type { StorageGate } from '../storage/storage-gate.js'
import type { JobNames } from '../use-cases/job-template.js'
import { walkBatch } from './walk-batch.js'

/**
 * Walks the batches that are to be walked, each on one node at a time. After a crash it goes on with all of them.
 */
export interface WalkAgent {
  start(): void
  /** Says that there may be something to walk. */
  wake(): void
  /** It is idempotent. What is left is done after the next start. */
  stop(): Promise<void>
}

interface Deps {
  readonly store: BatchStore
  readonly storage: Pick<StorageGate, 'opens'>
  readonly chores: Chores
  readonly walker: Pick<DirectoryWalker, 'walk'>
  readonly sources: SourceOpener
  readonly names: JobNames
  readonly board: Pick<NodeBoard, 'placeOf' | 'sees'>
  readonly clock: Clock
  readonly logger: Logger
  /** So many jobs may be queued; null stands for any number. */
  readonly maxQueued: number | null
}

/** So many walks go on at the same time, because each has a thread. The batches behind them wait for their turn. */
const walksAtMost = 4
const pollMs = 1_000
/** The agent looks so seldom when there is nothing to do, because what begins work pokes it. */
const idleMs = 15_000

/**
 * Returns how many jobs may be queued for a walk to go on. Walks leave a tenth of the queue to single submits, because
 * these would otherwise be refused for as long as a walk takes.
 */
const roomOfWalks = (maxQueued: number | null): number | null =>
  maxQueued === null ? null : Math.ceil(maxQueued * 0.9)

const isWalked = ({ walk, desired }: Batch): boolean => walk === 'going' && desired === 'run'

export const createWalkAgent = (deps: Deps): WalkAgent => {
  const { storage, chores, clock, logger } = deps

  const walk = async (batchId: string, epoch: number, signal: AbortSignal): Promise<void> => {
    const store = createPatientStore(deps.store, storage, signal)
    // Another node may have walked the batch until just now.
    const batch = await store.getBatch(batchId)
    if (batch === null || !isWalked(batch)) return
    await walkBatch(batch, { ...deps, store, epoch, mostQueued: roomOfWalks(deps.maxQueued) }, signal)
  }

  const taskOf = ({ id }: Batch): Task => ({
    name: id,
    fields: { batchId: id, task: 'walk' },
    perform: (signal) => chores.perform(walkChore(id), ({ epoch }, held) => walk(id, epoch, held), signal),
  })

  const tasks = createTasks({ clock, logger, onEnd: () => agent.poke(), atOnce: walksAtMost })

  const agent = createAgent({
    name: 'walks',
    clock,
    logger,
    gate: storage,
    backoff: { firstMs: pollMs, longestMs: pollMs },
    async round(signal) {
      const walked = (await deps.store.unfinishedBatches()).filter(
        (batch) => isWalked(batch) && deps.board.sees(batch.place),
      )
      if (!signal.aborted) tasks.follow(walked.map(taskOf))
      return walked.length === 0 ? idleMs : pollMs
    },
  })

  return {
    start: agent.start,
    wake: agent.poke,
    async stop() {
      await agent.stop()
      await tasks.stop()
    },
  }
}
