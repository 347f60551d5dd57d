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

const few: Stored = { name: '1,000 jobs', jobs: 1_000, queued: 200 }
const many: Stored = { name: '1,000,000 jobs', jobs: 1_000_000, queued: 200_000 }

const asked = 300
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
const askInTurn = async (stores: ReadonlyMap<Stored, Store>): Promise<ReadonlyMap<string, readonly number[]>> => {
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
      for (let turn = 0; turn < asked / context.rounds; turn++) {
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
  const directories = new Map<Stored, string>()
  try {
    for (const stored of [few, many]) {
      const directory = await mkdtemp(join(context.setup.workDir, 'store-'))
      directories.set(stored, directory)
      const seconds = (await timed(() => fillDatabase(directory, stored))) / 1000
      context.say(`  filled a database with ${stored.name} in ${seconds.toFixed(0)} s`)
    }
    const bare = new Map<Stored, Awaited<ReturnType<typeof startDaemonOn>>>()
    for (const [stored, directory] of directories) bare.set(stored, await startDaemonOn(context, directory))

    const stores = new Map<Stored, Store>()
    for (const [stored, directory] of directories) stores.set(stored, await openBenchStore(directory))
    const taken = await askInTurn(stores)
    for (const store of stores.values()) await store.close()

    const of = (name: string, stored: Stored): readonly number[] => taken.get(`${name}: ${stored.name}`) ?? []
    const rows = questions.flatMap(({ name }) =>
      [few, many].flatMap((stored) => [single(`${name}: ${stored.name}`, 'ms', of(name, stored))]),
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
    const goals: Goal[] = [
      { id: 'P9', what: 'ms, p99 of a claim', measured: tail(claim), atLeast: '10', moonshot: '1 + a commit' },
      {
        id: 'P9',
        what: 'ms, p99 of a commit of one row',
        measured: tail('commit of one row'),
        atLeast: '',
        moonshot: '',
      },
      { id: 'P9', what: 'ms, p99 of a submit', measured: tail('submit'), atLeast: '', moonshot: '' },
      ...lists.map((name) => ({
        id: 'P9',
        what: `ms, p99, ${name}`,
        measured: tail(name),
        atLeast: '20',
        moonshot: '5',
      })),
      {
        id: 'P9',
        what: 'ms, p99 of the list over HTTP',
        measured: share(own?.lists ?? [], 0.99),
        atLeast: '20',
        moonshot: '5',
      },
      {
        id: 'P9',
        what: 's, clean start',
        measured: share(own?.starts ?? [], 0.5) / 1000,
        atLeast: '1',
        moonshot: '0.3',
      },
      { id: 'P9', what: 'MB RSS', measured: ((own?.rssMib ?? 0) * mib) / 1e6, atLeast: '200', moonshot: '150' },
      ...[claim, 'submit', ...lists].map((name) => ({
        id: 'P10',
        what: `x, ${name}`,
        measured: growth(name),
        atLeast: '2',
        moonshot: '1.2',
      })),
    ]
    return {
      title: 'P9, P10: a million stored jobs, 200,000 of them queued',
      cpuUnit: '',
      rows: [...rows, ...daemons],
      goals,
      notes: [
        `Each row stands for ${asked} questions, which both stores answer in turn. P10 compares medians. Every database holds one event for each job. Jobs differ in bucket (four), label and batch (${batchSize} jobs).`,
        'A start lasts from the spawn of the process to `listening`.',
      ],
    }
  } finally {
    for (const directory of directories.values()) await rm(directory, { recursive: true, force: true })
  }
}
