import { randomBytes } from 'node:crypto'
import { createSourceRemover } from '../../../src/adapters/file/source-remover.js'
import { createSharedPacer } from '../../../src/adapters/oss/lanes/shared-pacer.js'
import { createLocalWakeup } from '../../../src/adapters/wakeup/local-wakeup.js'
import type { JobView } from '../../../src/core/job-view.js'
import { composeEngine } from '../../../src/engine/compose.js'
import { wrapMethods } from '../../../src/engine/storage/wrap-methods.js'
import type { Jobs } from '../../../src/engine/use-cases/jobs.js'
import type { SourceOpener } from '../../../src/ports/source.js'
import type { Store } from '../../../src/ports/store.js'
import type { Target } from '../../../src/ports/target.js'
import { type LogLine, recordingLogger } from '../../adapters/oss/target-setup.js'
import { createLife, type Life } from '../../fakes/life.js'
import { createMemoryStore } from '../../fakes/memory-store.js'
import { createFastClock, type FastClock } from './fast-clock.js'

export interface EngineRig {
  readonly jobs: Jobs
  readonly clock: FastClock
  readonly logs: LogLine[]
  /** Starts claiming, and starts it a second time after `kill`. */
  start(): void
  /** Kills the process: whatever it was doing never goes on, and its leases run out. */
  kill(): void
  /** Returns the job once it is settled. */
  settled(jobId: string): Promise<JobView>
  stop(): Promise<void>
}

export interface EngineRigDeps {
  readonly target: Target
  readonly sources: SourceOpener
  readonly endpoint: string
  readonly partSize: number
  /** Puts something between the engine and its store. */
  readonly wrapStore?: (store: Store) => Store
}

/** Returns a port whose calls wait for ever after the end of this life. The calls that were waiting then do so too. */
const mortal = <Port extends object>(port: Port, life: Life): Port => {
  const never = new Promise<never>(() => {})
  return wrapMethods(port, async (_method, call) => {
    if (life.isOver()) return never
    try {
      return await call()
    } finally {
      if (life.isOver()) await never
    }
  })
}

const speed = 100
/** This is six seconds of the machine's time, so no load may end a lease. */
const leaseMs = 600_000
const day = 86_400_000

/** Creates the real engine over a real target and real files, with a store in memory, on a clock that hurries. */
export const createEngineRig = (deps: EngineRigDeps): EngineRig => {
  const clock = createFastClock(speed)
  const wakeup = createLocalWakeup()
  const memory = createMemoryStore({ clock, wakeup })
  const logs: LogLine[] = []
  const logger = recordingLogger(logs)
  let nextId = 1
  const unused = (): never => {
    throw new Error('This engine walks no directory')
  }

  const compose = () => {
    const life = createLife()
    const engine = composeEngine(
      {
        store: mortal(deps.wrapStore?.(memory) ?? memory, life),
        targets: { for: () => mortal(deps.target, life), close: async () => {} },
        sources: deps.sources,
        remover: createSourceRemover({ allowed: [], forbidden: [] }),
        walker: { check: unused, walk: unused },
        sender: null,
        keys: { areAtHand: () => true, expiresAt: () => null },
        lanes: { report: () => ({ inFlight: [], replaced: 0 }) },
        pacer: createSharedPacer(),
        meter: { requested: () => {}, settled: () => {} },
        wakeup,
        clock,
        random: Math.random,
        minuteOf: () => 0,
        newJobId: () => `job${nextId++}`,
        newBatchId: unused,
        newMarker: () => randomBytes(8).toString('hex'),
        logger: () => logger,
      },
      {
        node: 'node',
        version: '0.0.0',
        roots: [],
        sharedRoots: [],
        leaseMs,
        maxAttempts: 10,
        live: { concurrency: 8, bandwidth: 'off' },
        defaults: {
          endpoint: deps.endpoint,
          region: 'cn-hangzhou',
          partSize: deps.partSize,
          multipartThreshold: deps.partSize,
          // The parts go one after the other, so that a test knows which part comes next.
          parallel: 1,
          allowedTargets: [],
          marker: true,
          maxQueued: null,
        },
        keepFinishedMs: 30 * day,
        abandonedAfterMs: 7 * day,
      },
    )
    return { ...engine, life }
  }
  let current = compose()
  const jobs = new Proxy(current.jobs, { get: (_, member) => Reflect.get(current.jobs, member) })

  return {
    jobs,
    clock,
    logs,
    start() {
      const { open, start } = current
      void open().then(() => start())
    },
    kill() {
      current.life.end()
      current = compose()
      clock.jump(leaseMs + 1)
    },
    async settled(jobId) {
      for (;;) {
        // A process that dies meanwhile gives no answer, so the next one is asked.
        const answer = jobs.wait(jobId, leaseMs, new AbortController().signal)
        const job = await Promise.race([answer, current.life.ended])
        if (job !== null && job.finishedAt !== null) return job
      }
    },
    stop: () => current.stop(0),
  }
}
