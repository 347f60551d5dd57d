import { randomBytes } from 'node:crypto'
import { createSharedPacer } from '../../src/adapters/oss/lanes/shared-pacer.js'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import { anybody } from '../../src/core/caller.js'
import type { Job } from '../../src/core/job.js'
import type { JobView } from '../../src/core/job-view.js'
import type { BucketPrefix } from '../../src/core/object-key.js'
import { composeEngine } from '../../src/engine/compose.js'
import type { EventFeed } from '../../src/engine/feed/event-feed.js'
import { isStorageFailure } from '../../src/engine/storage/storage-gate.js'
import type { Batches } from '../../src/engine/use-cases/batches.js'
import type { Jobs, SubmitRequest } from '../../src/engine/use-cases/jobs.js'
import type { Verbs } from '../../src/engine/use-cases/verbs.js'
import type { Credentials } from '../../src/ports/credentials.js'
import type { Logger } from '../../src/ports/logger.js'
import type { SourceOpener } from '../../src/ports/source.js'
import type { Store } from '../../src/ports/store.js'
import { createLife, type Life } from '../fakes/life.js'
import { createMemoryOss, type MemoryOss } from '../fakes/memory-oss.js'
import { createMemoryFiles, type MemoryFiles } from '../fakes/memory-source.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createMemoryWalker, type MemoryWalker } from '../fakes/memory-walker.js'
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
  readonly walker: MemoryWalker
  readonly jobs: Jobs
  readonly batches: Batches
  readonly verbs: Verbs
  readonly feed: EventFeed
  /** Starts the daemon's engine, and starts it a second time after `kill`. */
  start(): void
  /** Kills the process: nothing of it writes any more, and its leases are found released at the next start. */
  kill(): Promise<void>
  stop(drainMs?: number): Promise<void>
  submit(request?: Partial<SubmitRequest>): Promise<JobView>
  /** Returns the job once it is settled. */
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
const day = 86_400_000

/** Returns a store that answers requests with jobs of another place when the source is not seen from here. */
const partlySeen = (store: Store, seesHere: () => boolean = () => true): Store => {
  const placed = (job: Job): Job => (seesHere() ? job : { ...job, place: 'elsewhere' })
  return {
    ...store,
    get: async (id) => {
      const job = await store.get(id)
      return job && placed(job)
    },
    jobsOfVerb: async (id, limit) => (await store.jobsOfVerb(id, limit)).map(placed),
  }
}

/** Sets up the real engine over fakes, on a clock that jumps. */
export const setupEngine = (
  options: {
    random?: () => number
    slots?: number
    /** This is an option of the clock. The fakes pass through one round. */
    quietRounds?: number
    maxAttempts?: number
    /** Puts faults between the store and all that use it. */
    wrapStore?: (store: Store) => Store
    wrapSources?: (sources: SourceOpener) => SourceOpener
    keys?: Pick<Credentials, 'areAtHand'>
    allowedTargets?: readonly BucketPrefix[]
    maxQueued?: number
    /** Says whether the source of a job that is read now is seen from here. It is otherwise. */
    seesHere?: () => boolean
    /** Small files are sent together, as the daemon does. Otherwise each is a story of its own. */
    together?: true
  } = {},
): EngineSetup => {
  const clock = createVirtualClock(undefined, options.quietRounds)
  const wakeup = createLocalWakeup()
  const store = createMemoryStore({ clock, wakeup })
  const files = createMemoryFiles()
  const readFile = options.together === true ? files.readWhole : null
  const oss = createMemoryOss((range) => files.read(range), clock.now, readFile)
  const walker = createMemoryWalker(files)
  const logs: string[] = []
  const logger = collectLogs(logs)
  /** What a killed engine calls gets no answer any more. */
  const mortal = <T extends object>(port: T, life: Life): T =>
    new Proxy(port, {
      get(object, name) {
        const member = Reflect.get(object, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => (life.isOver() ? new Promise(() => {}) : member.apply(object, args))
      },
    })

  let nextId = 1
  let nextBatch = 1
  const compose = () => {
    const life = createLife()
    const engine = composeEngine(
      {
        store: mortal(partlySeen(options.wrapStore?.(store) ?? store, options.seesHere), life),
        targets: { for: () => mortal(oss, life), close: async () => {} },
        sources: options.wrapSources?.(files) ?? files,
        remover: files,
        walker,
        sender: null,
        keys: { areAtHand: () => true, ...options.keys, expiresAt: () => null },
        lanes: { report: () => ({ inFlight: [], replaced: 0 }) },
        pacer: createSharedPacer(),
        meter: { requested: () => {}, settled: () => {} },
        wakeup,
        clock,
        random: options.random ?? (() => 0.5),
        minuteOf: () => 0,
        newJobId: () => `job${nextId++}`,
        newBatchId: () => `b-${nextBatch++}`,
        newMarker: () => randomBytes(8).toString('hex'),
        logger: () => logger,
      },
      {
        node: 'node',
        version: '0.0.0',
        roots: [],
        sharedRoots: [],
        leaseMs,
        maxAttempts: options.maxAttempts ?? 10,
        live: { concurrency: options.slots ?? 16, bandwidth: 'off' },
        defaults: {
          endpoint: 'http://oss',
          region: 'cn-hangzhou',
          partSize,
          multipartThreshold: partSize,
          parallel: 4,
          allowedTargets: options.allowedTargets ?? [],
          marker: true,
          maxQueued: options.maxQueued ?? null,
        },
        keepFinishedMs: 30 * day,
        abandonedAfterMs: 7 * day,
      },
    )
    return { ...engine, life }
  }
  let current = compose()
  let running = false
  /** Returns the part of that name of the engine that there is now, whichever that is. */
  const currentPart = <Name extends 'jobs' | 'feed' | 'batches' | 'verbs'>(name: Name): (typeof current)[Name] =>
    new Proxy(current[name], { get: (_, member) => Reflect.get(current[name], member) })

  const setup: EngineSetup = {
    store,
    oss,
    files,
    walker,
    clock,
    logs,
    jobs: currentPart('jobs'),
    feed: currentPart('feed'),
    batches: currentPart('batches'),
    verbs: currentPart('verbs'),
    start() {
      running = true
      const { open, start } = current
      // This does what a supervisor does: a daemon whose database fails at its start is started again.
      const begin = (): Promise<void> =>
        open().then(
          () => start(),
          async (error: unknown) => {
            if (!isStorageFailure(error)) throw error
            await clock.sleep(1_000)
            await begin()
          },
        )
      void begin()
    },
    async kill() {
      current.life.end()
      current = compose()
      running = false
      // A second node finds out by time what a restart finds out by the lock.
      await clock.sleep(leaseMs + 1)
    },
    async stop(drainMs = 25_000) {
      const { stop } = current
      await stop(drainMs)
      current = compose()
      running = false
    },
    async submit(request = {}) {
      const { job } = await setup.jobs.submit({ source: { path }, target, ...request }, null, anybody)
      return job
    },
    async settled(jobId) {
      for (;;) {
        // A process that dies meanwhile gives no answer, so the next one is asked.
        const answer = setup.jobs.wait(jobId, 3_600_000, new AbortController().signal)
        const job = await Promise.race([answer, current.life.ended])
        if (job !== null && job.finishedAt !== null) return job
      }
    },
    async until(condition) {
      while (!(await condition())) await new Promise(setImmediate)
    },
    async end() {
      if (running) await setup.stop(0)
      clock.stop()
    },
  }
  return setup
}
