import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job, JobState } from '../../src/core/job.js'
import type { JobFilter } from '../../src/core/job-filter.js'
import type { Store } from '../../src/ports/store.js'
import type { BenchContext } from '../bench-context.js'
import { startDaemon } from '../daemon/bench-daemon.js'
import { peakRssBytesOf } from '../daemon/process-cost.js'
import { type CaseResult, type Goal, mib, type Row, rowOf } from '../report/measurement.js'
import { batchSize, benchJob, fillDatabase, openBenchStore } from './store-fill.js'

interface Stored {
  readonly name: string
  readonly jobs: number
  readonly queued: number
}

/** A fifth of the jobs are queued. */
const storedOf = (jobs: number): Stored => ({ name: `${jobs.toLocaleString('en')} jobs`, jobs, queued: jobs / 5 })

const few = storedOf(1_000)

const claimSize = 16
const leaseMs = 30_000
const pageSize = 100

/** A question is asked of the store, and answers with the time that it took. */
interface Question {
  readonly name: string
  ask(store: Store, turn: number): Promise<number>
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Asks for pages one after the other, and begins again with the newest once the list ends. */
const listing = (name: string, filterOf: (turn: number) => JobFilter): Question => {
  const cursors = new Map<Store, string | null>()
  return {
    name: `list of ${pageSize}, ${name}`,
    ask: (store, turn) =>
      timed(async () => {
        const page = await store.list(filterOf(turn), { limit: pageSize, cursor: cursors.get(store) ?? null })
        cursors.set(store, page.nextCursor)
      }),
  }
}

const inState = (state: JobState): JobFilter => ({ states: [state] })

const questions: readonly Question[] = [
  {
    name: `claim of ${claimSize}`,
    async ask(store) {
      let claims: Awaited<ReturnType<Store['claim']>>['claims'] = []
      const taken = await timed(async () => {
        claims = (await store.claim({ node: 'bench', limit: claimSize, leaseMs })).claims
      })
      if (claims.length !== claimSize) throw new Error(`a claim took ${claims.length} jobs`)
      const back = { to: 'queued', waiting: null, delayMs: null } as const
      await Promise.all(claims.map(({ lease }) => store.release(lease, back)))
      return taken
    },
  },
  {
    name: 'submit',
    ask: (store, turn) => timed(() => store.submit(benchJob(`zz${String(turn).padStart(7, '0')}`), null)),
  },
  { name: 'commit of one row', ask: (store) => timed(() => store.check()) },
  listing('all', () => ({})),
  listing('completed', () => inState('completed')),
  listing('queued, running or failed', () => ({ states: ['queued', 'running', 'failed'] })),
  listing('of one bucket in four', () => ({ bucket: 'bucket-1' })),
  listing('with a label of one in ten', () => ({ labels: [{ key: 'tenth', value: 'yes' }] })),
  listing('of a batch', (turn) => ({ batchId: `batch-${turn % Math.floor(few.jobs / batchSize)}` })),
]

/** Asks every store in turn, so that a busy moment of the machine hits them all. */
const askInTurn = async (
  stores: ReadonlyMap<Stored, Store>,
  asked: number,
): Promise<ReadonlyMap<string, readonly number[]>> => {
  const taken = new Map<string, number[]>()
  for (const question of questions) {
    for (let turn = 0; turn < asked; turn++) {
      for (const [{ name }, store] of stores) {
        const key = `${question.name}: ${name}`
        const ms = await question.ask(store, turn)
        taken.set(key, [...(taken.get(key) ?? []), ms])
      }
    }
  }
  return taken
}

const share = (values: readonly number[], part: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

const single = (name: string, unit: string, values: readonly number[], peakRssMib: number | null = null): Row =>
  rowOf(
    name,
    unit,
    values.map((value) => ({ value, cpu: null, peakRssMib })),
  )

/**
 * Measures whole starts and stops of the daemon on what is stored, without keys: the daemon answers, and sends nothing.
 */
const startDaemonOn = async (context: BenchContext, directory: string) => {
  const starts: number[] = []
  const lists: number[] = []
  let rssMib = 0
  for (let round = 0; round < context.rounds; round++) {
    const daemon = await startDaemon(context.setup, directory, { OSS_CREDENTIALS_FILE: join(directory, 'none.json') })
    starts.push(Date.now() - daemon.startedAt)
    try {
      let path = `/v1/jobs?limit=${pageSize}`
      for (let turn = 0; turn < context.asked / context.rounds; turn++) {
        let cursor: string | null = null
        lists.push(
          await timed(async () => {
            cursor = (await daemon.get<{ nextCursor: string | null; items: Job[] }>(path)).nextCursor
          }),
        )
        path = `/v1/jobs?limit=${pageSize}${cursor === null ? '' : `&cursor=${cursor}`}`
      }
      rssMib = Math.max(rssMib, peakRssBytesOf(daemon.pid) / mib)
    } finally {
      await daemon.end()
    }
  }
  return { starts, lists, rssMib }
}

/** Measures P9 and P10: what a million stored jobs cost. */
export const measureStore = async (context: BenchContext): Promise<CaseResult> => {
  const many = storedOf(context.jobs)
  const directories = new Map<Stored, string>()
  try {
    for (const amount of [few, many]) {
      const directory = await mkdtemp(join(context.setup.workDir, 'store-'))
      directories.set(amount, directory)
      const seconds = (await timed(() => fillDatabase(directory, amount))) / 1000
      context.say(`  filled a database with ${amount.name} in ${seconds.toFixed(0)} s`)
    }
    const bare = new Map<Stored, Awaited<ReturnType<typeof startDaemonOn>>>()
    for (const [amount, directory] of directories) bare.set(amount, await startDaemonOn(context, directory))

    const stores = new Map<Stored, Store>()
    for (const [amount, directory] of directories) stores.set(amount, await openBenchStore(directory))
    const taken = await askInTurn(stores, context.asked)
    for (const store of stores.values()) await store.close()

    const of = (name: string, amount: Stored): readonly number[] => taken.get(`${name}: ${amount.name}`) ?? []
    const rows = questions.flatMap(({ name }) =>
      [few, many].map((amount) => single(`${name}: ${amount.name}`, 'ms', of(name, amount))),
    )
    const daemons = [...bare].flatMap(([{ name }, { starts, lists, rssMib }]) => [
      single(`start of the daemon: ${name}`, 'ms', starts, rssMib),
      single(`GET /v1/jobs?limit=${pageSize}: ${name}`, 'ms', lists),
    ])
    const tail = (name: string): number => share(of(name, many), 0.99)
    const growth = (name: string): number => share(of(name, many), 0.5) / share(of(name, few), 0.5)
    const lists = questions.filter(({ name }) => name.startsWith('list')).map(({ name }) => name)
    const claim = `claim of ${claimSize}`
    const own = bare.get(many)
    const ms = (what: string, measured: number, atLeast = '', moonshot = ''): Goal => ({
      id: 'P9',
      what,
      measured,
      unit: 'ms',
      atLeast,
      moonshot,
    })
    const goals: Goal[] = [
      ms('p99 of a claim', tail(claim), '10', '1 + a commit'),
      ms('p99 of a commit of one row', tail('commit of one row')),
      ms('p99 of a submit', tail('submit')),
      ...lists.map((name) => ms(`p99, ${name}`, tail(name), '20', '5')),
      ms('p99 of the list over HTTP', share(own?.lists ?? [], 0.99), '20', '5'),
      {
        id: 'P9',
        what: 'clean start',
        measured: share(own?.starts ?? [], 0.5) / 1000,
        unit: 's',
        atLeast: '0.6',
        moonshot: '0.3',
      },
      {
        id: 'P9',
        what: 'memory at the most',
        measured: ((own?.rssMib ?? 0) * mib) / 1e6,
        unit: 'MB',
        atLeast: '170',
        moonshot: '',
      },
      ...[claim, 'submit', ...lists].map((name) => ({
        id: 'P10',
        what: `${name}, beside 1,000 jobs`,
        measured: growth(name),
        unit: 'x',
        atLeast: '1.3',
        moonshot: '1.1',
      })),
    ]
    return {
      id: 'P9',
      title: `P9, P10: ${many.name} stored, ${many.queued.toLocaleString('en')} of them queued`,
      cpuUnit: '',
      rows: [...rows, ...daemons],
      goals,
      notes: [
        `Each row stands for ${context.asked} questions, which both stores answer in turn. P10 compares medians. Every database holds one event for each job. Jobs differ in bucket (four), label and batch (${batchSize} jobs).`,
        'A start lasts from the spawn of the process to `listening`.',
      ],
    }
  } finally {
    for (const directory of directories.values()) await rm(directory, { recursive: true, force: true })
  }
}
