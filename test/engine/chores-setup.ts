import { type Chores, createChores } from '../../src/engine/storage/chores.js'
import type { ChoreStore } from '../../src/ports/chore-store.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Logger } from '../../src/ports/logger.js'
import { createMemoryStore } from '../fakes/memory-store.js'

export const choreLeaseMs = 30_000

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }

/** Sets up the chores of one node. Without a store no other node has any. */
export const setupChores = (
  clock: Clock,
  store: ChoreStore = createMemoryStore({ clock, wakeup: { notify() {}, subscribe: () => () => {} } }),
  logger = quiet,
): Chores =>
  createChores({ store, storage: { opens: async () => true }, node: 'node', leaseMs: choreLeaseMs, clock, logger })
