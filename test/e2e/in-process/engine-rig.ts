import { randomBytes } from 'node:crypto'
import { createSourceRemover } from '../../../src/adapters/file/source-remover.js'
import { createSharedPacer } from '../../../src/adapters/oss/lanes/shared-pacer.js'
import { createLocalWakeup } from '../../../src/adapters/wakeup/local-wakeup.js'
import type { JobView } from '../../../src/core/job-view.js'
import { createEndpointHealth } from '../../../src/engine/capacity/endpoint-health.js'
import { createSlots } from '../../../src/engine/capacity/slots.js'
import { createDispatcher, type Dispatcher } from '../../../src/engine/dispatch/dispatcher.js'
import { createLeaseKeeper, type LeaseKeeper } from '../../../src/engine/dispatch/lease-keeper.js'
import { createProgressBoard } from '../../../src/engine/feed/progress-board.js'
import { gateTargets } from '../../../src/engine/storage/gated-targets.js'
import { createStorageGate } from '../../../src/engine/storage/storage-gate.js'
import { aroundEvery } from '../../../src/engine/storage/wrap-methods.js'
import { createJobs, type Jobs } from '../../../src/engine/use-cases/jobs.js'
import type { SourceOpener } from '../../../src/ports/source.js'
import type { Store } from '../../../src/ports/store.js'
import type { Target } from '../../../src/ports/target.js'
import { type LogLine, recordingLogger } from '../../adapters/oss/target-setup.js'
import { createMemoryStore } from '../../fakes/memory-store.js'
import { createFastClock, type FastClock } from './fast-clock.js'

export interface EngineRig {
  readonly jobs: Jobs
  readonly clock: FastClock
  readonly logs: LogLine[]
  /** Starts claiming; a second time after `kill`. */
  start(): void
  /** The process dies: whatever it was doing never goes on, and its leases run out. */
  kill(): void
  /** The job once it is settled. */
  settled(jobId: string): Promise<JobView>
  stop(): Promise<void>
}

export interface EngineRigDeps {
  readonly target: Target
  readonly sources: SourceOpener
  readonly endpoint: string
  readonly partSize: number
  /** Stands between the engine and its store. */
  readonly wrapStore?: (store: Store) => Store
}

/** Whoever calls through it after the end of this life waits for ever, as does whoever was waiting then. */
const mortal = <Port extends object>(port: Port, life: { readonly over: boolean }): Port => {
  const never = new Promise<never>(() => {})
  return aroundEvery(port, async (_method, call) => {
    if (life.over) return never
    try {
      return await call()
    } finally {
      if (life.over) await never
    }
  })
}

const speed = 100
/** Six seconds of the machine's time: no load may end a lease. */
const leaseMs = 600_000

/** The real engine over a real target and real files, with a store in memory, on a clock that hurries. */
export const createEngineRig = (deps: EngineRigDeps): EngineRig => {
  const clock = createFastClock(speed)
  const wakeup = createLocalWakeup()
  const memory = createMemoryStore({ clock, wakeup })
  const logs: LogLine[] = []
  const logger = recordingLogger(logs)
  const limits = { maxAttempts: 10, baseMs: 500, capMs: 60_000 }
  const progress = createProgressBoard(clock)
  const storage = createStorageGate({ store: deps.wrapStore?.(memory) ?? memory, clock, logger })
  const concurrency = 8
  const random = Math.random
  const health = createEndpointHealth({ clock, random, wakeup, logger, limits, concurrency: () => concurrency })
  const keys = { areAtHand: () => true }
  let life = { over: false }
  let running: { readonly dispatcher: Dispatcher; readonly leases: LeaseKeeper } | null = null
  let nextId = 1

  const jobs = createJobs({
    store: storage.store,
    storage,
    health,
    keys,
    webhooks: { refusal: () => null },
    sources: deps.sources,
    progress,
    wakeup,
    clock,
    logger,
    newId: () => `job${nextId++}`,
    newMarker: () => randomBytes(8).toString('hex'),
    defaults: {
      endpoint: deps.endpoint,
      region: 'cn-hangzhou',
      partSize: deps.partSize,
      multipartThreshold: deps.partSize,
      // One after the other, so that a test knows which part comes next.
      parallel: 1,
      allowedTargets: [],
      marker: true,
      maxQueued: null,
    },
  })

  return {
    jobs,
    clock,
    logs,
    start() {
      life = { over: false }
      const store = mortal(storage.store, life)
      const target = mortal(deps.target, life)
      const leases = createLeaseKeeper({ store, wakeup, clock, logger, leaseMs })
      const dispatcher = createDispatcher({
        remover: createSourceRemover({ allowed: [], forbidden: [] }),
        store,
        storage,
        targets: gateTargets({ for: () => target, close: async () => {} }, storage),
        sources: deps.sources,
        wakeup,
        leases,
        progress,
        slots: createSlots(concurrency, health.limitOf),
        pacer: createSharedPacer(),
        health,
        keys,
        limits,
        clock,
        random,
        logger,
        node: 'node',
        leaseMs,
        maxRuns: () => 4 * concurrency,
      })
      dispatcher.start()
      running = { dispatcher, leases }
    },
    kill() {
      life.over = true
      running = null
      clock.jump(leaseMs + 1)
    },
    async settled(jobId) {
      for (;;) {
        const job = await jobs.wait(jobId, leaseMs, new AbortController().signal)
        if (job.finishedAt !== null) return job
      }
    },
    async stop() {
      storage.close()
      await running?.dispatcher.stop(0)
      await running?.leases.close()
    },
  }
}
