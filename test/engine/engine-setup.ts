import { randomBytes } from 'node:crypto'
import { createSharedPacer } from '../../src/adapters/oss/lanes/shared-pacer.js'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import { anybody } from '../../src/core/caller.js'
import type { JobView } from '../../src/core/job-view.js'
import { createEndpointHealth, type EndpointHealth } from '../../src/engine/capacity/endpoint-health.js'
import { createSlots } from '../../src/engine/capacity/slots.js'
import { createDispatcher, type Dispatcher } from '../../src/engine/dispatch/dispatcher.js'
import { createLeaseKeeper, type LeaseKeeper } from '../../src/engine/dispatch/lease-keeper.js'
import { createEventFeed, type EventFeed } from '../../src/engine/feed/event-feed.js'
import { createProgressBoard } from '../../src/engine/feed/progress-board.js'
import { gateTargets } from '../../src/engine/storage/gated-targets.js'
import { createPatientSources } from '../../src/engine/storage/patient-sources.js'
import { createStorageGate, type StorageGate } from '../../src/engine/storage/storage-gate.js'
import { createJobs, type Jobs, type SubmitRequest } from '../../src/engine/use-cases/jobs.js'
import type { Credentials } from '../../src/ports/credentials.js'
import type { Logger } from '../../src/ports/logger.js'
import type { SourceOpener } from '../../src/ports/source.js'
import type { Store } from '../../src/ports/store.js'
import { createMemoryOss, type MemoryOss } from '../fakes/memory-oss.js'
import { createMemoryFiles, type MemoryFiles } from '../fakes/memory-source.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock, type VirtualClock } from '../fakes/virtual-clock.js'

export const kib = 1024
export const partSize = 100 * kib
export const path = '/src/file'
export const target = { bucket: 'bucket', key: 'key' }

export interface EngineSetup {
  readonly store: Store
  readonly oss: MemoryOss
  readonly files: MemoryFiles
  readonly clock: VirtualClock
  readonly logs: string[]
  readonly logger: Logger
  jobs: Jobs
  feed: EventFeed
  /** Starts the daemon's engine; a second time after `kill`. */
  start(): void
  /** The process dies: nothing of it writes any more, its leases are found released at the next start. */
  kill(): Promise<void>
  stop(drainMs?: number): Promise<void>
  submit(request?: Partial<SubmitRequest>): Promise<JobView>
  /** The job once it is settled. */
  settled(jobId: string): Promise<JobView>
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  end(): Promise<void>
}

export const collectLogs = (logs: string[]): Logger => {
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      logs.push(`${level} ${message} ${JSON.stringify(fields)}`)
    }
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  }
  return logger
}

const leaseMs = 30_000

/** The real engine over fakes, on a clock that jumps. */
export const setupEngine = (
  options: {
    random?: () => number
    slots?: number
    /** Of the clock; the fakes pass through one. */
    quietRounds?: number
    maxAttempts?: number
    /** Puts faults between everybody and the store. */
    wrapStore?: (store: Store) => Store
    wrapSources?: (sources: SourceOpener) => SourceOpener
    keys?: Pick<Credentials, 'areAtHand'>
  } = {},
): EngineSetup => {
  const clock = createVirtualClock(undefined, options.quietRounds)
  const wakeup = createLocalWakeup()
  const store = createMemoryStore({ clock, wakeup })
  const files = createMemoryFiles()
  const oss = createMemoryOss((range) => files.read(range), clock.now)
  const logs: string[] = []
  const logger = collectLogs(logs)
  const random = options.random ?? (() => 0.5)
  const limits = { maxAttempts: options.maxAttempts ?? 10, baseMs: 500, capMs: 60_000 }
  const progress = createProgressBoard(clock)
  const newGate = (): StorageGate => createStorageGate({ store: options.wrapStore?.(store) ?? store, clock, logger })
  let storage = newGate()
  const concurrency = options.slots ?? 16
  const newHealth = (): EndpointHealth =>
    createEndpointHealth({ clock, random, wakeup, logger, limits, concurrency: () => concurrency })
  let health = newHealth()
  /** The store of whichever gate there is now. */
  const watched = new Proxy(store, { get: (_, name) => Reflect.get(storage.store, name) })
  let nextId = 1
  let dispatcher: Dispatcher | null = null
  let leases: LeaseKeeper | null = null
  /** Cuts a killed engine off from everything it could still write to. */
  let alive = { dead: false }

  const mortal = <T extends object>(port: T, life: { dead: boolean }): T =>
    new Proxy(port, {
      get(object, name) {
        const member = Reflect.get(object, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => (life.dead ? new Promise(() => {}) : member.apply(object, args))
      },
    })

  const sources = options.wrapSources?.(files) ?? files
  const keys = options.keys ?? { areAtHand: () => true }
  const jobs = createJobs({
    store: watched,
    storage: { failure: () => storage.failure() },
    health: { isResting: (pair) => health.isResting(pair) },
    keys,
    webhooks: { refusal: () => null },
    sources,
    progress,
    wakeup,
    clock,
    logger,
    newId: () => `job${nextId++}`,
    newMarker: () => randomBytes(8).toString('hex'),
    defaults: {
      endpoint: 'http://oss',
      region: 'cn-hangzhou',
      partSize,
      multipartThreshold: partSize,
      parallel: 4,
      allowedTargets: [],
      marker: true,
      maxQueued: null,
    },
  })

  const setup: EngineSetup = {
    store,
    oss,
    files,
    clock,
    logs,
    logger,
    jobs,
    feed: createEventFeed({ store: watched, progress, wakeup, clock }),
    start() {
      alive = { dead: false }
      storage = newGate()
      health = newHealth()
      const living = mortal(storage.store, alive)
      leases = createLeaseKeeper({ store: living, wakeup, clock, logger, leaseMs })
      dispatcher = createDispatcher({
        remover: files,
        store: living,
        storage,
        targets: gateTargets({ for: () => mortal(oss, alive), close: async () => {} }, storage),
        sources: createPatientSources(sources, clock),
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
    },
    async kill() {
      alive.dead = true
      dispatcher = null
      // What a restart finds out by the lock, a second node finds out by time.
      await clock.sleep(leaseMs + 1)
    },
    async stop(drainMs = 25_000) {
      storage.close()
      await dispatcher?.stop(drainMs)
      await leases?.close()
    },
    async submit(request = {}) {
      const { job } = await jobs.submit({ source: { path }, target, ...request }, null, anybody)
      return job
    },
    async settled(jobId) {
      for (;;) {
        const job = await jobs.wait(jobId, 3_600_000, new AbortController().signal)
        if (job.finishedAt !== null) return job
      }
    },
    async until(condition) {
      while (!(await condition())) await new Promise(setImmediate)
    },
    async end() {
      if (!alive.dead) await setup.stop(0)
      clock.stop()
    },
  }
  return setup
}
