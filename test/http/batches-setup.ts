import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import { Failure } from '../../src/core/failure.js'
import { type Batches, createBatches } from '../../src/engine/use-cases/batches.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Logger } from '../../src/ports/logger.js'
import type { Store } from '../../src/ports/store.js'
import { createMemoryStore } from '../fakes/memory-store.js'

export const batchDefaults = {
  endpoint: 'http://oss',
  region: 'cn-hangzhou',
  partSize: 1 << 20,
  multipartThreshold: 1 << 20,
  parallel: 4,
  allowedTargets: [],
  marker: true,
  maxQueued: null,
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

/** Creates the real use cases on a store in memory. There is one directory, /srv/in/out, and no agent walks it. */
export const createIdleBatches = (clock: Clock): { readonly batches: Batches; readonly store: Store } => {
  const store = createMemoryStore({ clock, wakeup: createLocalWakeup() })
  let made = 0
  const batches = createBatches({
    store,
    walker: {
      check: async (dir) => {
        if (dir !== '/srv/in/out') throw new Failure('permanent', 'There is no such directory')
      },
    },
    board: { placeOf: () => 'node' },
    progress: { batchBytesInFlight: () => 0 },
    newId: () => `b-${++made}`,
    logger: silent,
    webhooks: null,
    defaults: batchDefaults,
    onWork: () => {},
    onVerb: () => {},
  })
  return { batches, store }
}
