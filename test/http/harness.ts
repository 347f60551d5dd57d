import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../src/core/app-error.js'
import type { Scope } from '../../src/core/caller.js'
import type { Job } from '../../src/core/job.js'
import { answerJob, type JobAnswer } from '../../src/core/job-view.js'
import type { BulkVerbView } from '../../src/core/verb-view.js'
import type { WebhookView } from '../../src/core/webhook.js'
import { createIntake } from '../../src/engine/capacity/intake.js'
import type { EventFeed, FeedItem } from '../../src/engine/feed/event-feed.js'
import { createDrain, type Drain } from '../../src/engine/use-cases/drain.js'
import type { Jobs } from '../../src/engine/use-cases/jobs.js'
import type { LiveSettings, SettingsView } from '../../src/engine/use-cases/live-settings.js'
import type { OrphanView } from '../../src/engine/use-cases/orphan-view.js'
import type { Orphans } from '../../src/engine/use-cases/orphans.js'
import type { WebhookOutbox } from '../../src/engine/use-cases/outbox.js'
import type { Verbs } from '../../src/engine/use-cases/verbs.js'
import type { WaitAnswer, WaitFilter, Waits } from '../../src/engine/use-cases/waits.js'
import { type AppDeps, createApp } from '../../src/http/app.js'
import { createMetrics } from '../../src/http/metrics/metrics.js'
import { createApiDocument } from '../../src/http/openapi/api-document.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Token, Tokens } from '../../src/ports/tokens.js'
import { createIdleBatches } from './batches-setup.js'
import { fakeOverview } from './fake-overview.js'
import { createMemoryLogger, type LogLine } from './memory-logger.js'

export const storedJob = (changes: Partial<Job> = {}): Job => ({
  id: 'job-1',
  state: 'queued',
  desired: 'run',
  waiting: null,
  batchId: null,
  place: 'node',
  node: null,
  source: {
    kind: 'path',
    path: '/srv/in/a.bin',
    fingerprint: { node: null, dev: '1', ino: '2', size: 10, mtimeNs: '3', ctimeNs: '4' },
  },
  target: { bucket: 'media', key: 'a.bin', endpoint: 'http://127.0.0.1:1', region: 'cn-hangzhou' },
  options: {
    partSize: 1 << 20,
    multipartThreshold: 1 << 20,
    parallel: 4,
    sequential: false,
    headers: {},
    ifExists: 'overwrite',
    crc64: null,
    notAfter: null,
    onSourceChange: 'fail',
  },
  priority: 0,
  labels: {},
  marker: null,
  upload: null,
  intent: null,
  bytesUploaded: 0,
  partsUploaded: 0,
  outcome: null,
  receipt: null,
  removal: null,
  error: null,
  refusal: null,
  attempts: 0,
  runs: 0,
  crashes: 0,
  restarts: 0,
  version: 1,
  dueAt: null,
  notBefore: null,
  createdAt: Date.UTC(2026, 0, 1),
  startedAt: null,
  finishedAt: null,
  ...changes,
})

export const jobView = (changes: Partial<Job> = {}): JobAnswer => answerJob(storedJob(changes))

type Call = { readonly [M in keyof Jobs]: { readonly method: M; readonly args: Parameters<Jobs[M]> } }[keyof Jobs]

/** Creates jobs that know `job-1` alone, and that remember what they were asked. */
export const createFakeJobs = (answers: Partial<Jobs> = {}): Jobs & { readonly calls: Call[] } => {
  const calls: Call[] = []
  const known = (id: string): JobAnswer => {
    if (id !== 'job-1') throw new AppError('job_not_found', 'There is no such job.')
    return jobView()
  }
  const plain: Jobs = {
    submit: async () => ({ job: jobView(), replayed: false }),
    get: async (id) => known(id),
    wait: async (id) => known(id),
    list: async () => ({ items: [jobView()], nextCursor: null }),
    parts: async (id) => {
      known(id)
      return { items: [], nextCursor: null }
    },
    control: async (id) => known(id),
    change: async (id) => known(id),
    remove: async (id) => void known(id),
  }
  const remember =
    <M extends keyof Jobs>(method: M) =>
    (...args: Parameters<Jobs[M]>) => {
      calls.push({ method, args } as Call)
      const serve = (answers[method] ?? plain[method]) as (...values: Parameters<Jobs[M]>) => ReturnType<Jobs[M]>
      return serve(...args)
    }
  return {
    calls,
    submit: remember('submit'),
    get: remember('get'),
    wait: remember('wait'),
    list: remember('list'),
    parts: remember('parts'),
    control: remember('control'),
    change: remember('change'),
    remove: remember('remove'),
  }
}

/** Creates orphans that know one open upload, and that remember what they were asked. */
export const createFakeOrphans = (): Orphans & { readonly calls: unknown[][] } => {
  const calls: unknown[][] = []
  return {
    calls,
    async list(...args) {
      calls.push(args)
      return { items: [orphanView], nextCursor: null }
    },
    async abort(uploads, force) {
      calls.push([uploads, force])
      return uploads.map((upload) => ({ ...upload, result: 'aborted', reason: null }))
    },
  }
}

export const orphanView: OrphanView = {
  bucket: 'media',
  key: 'a.bin',
  uploadId: 'U1',
  owner: 'possible',
  jobId: 'job-1',
  jobState: null,
  initiatedAt: '2026-01-01T00:00:00.000Z',
  ageSeconds: 60,
  bytes: 0,
}

export interface FakeWaits extends Waits {
  readonly calls: { readonly filter: WaitFilter; readonly timeoutMs: number }[]
  answer: WaitAnswer
}

/** Creates waits in which nothing is pending until `answer` is replaced. They remember what they were asked. */
export const createFakeWaits = (): FakeWaits => {
  const fake: FakeWaits = {
    calls: [],
    answer: { done: true, counts: { pending: 0, completed: 2, failed: 1, cancelled: 0 } },
    async wait(filter, timeoutMs) {
      fake.calls.push({ filter, timeoutMs })
      return fake.answer
    },
  }
  return fake
}

export const webhookView: WebhookView = {
  id: 'memory00-7',
  jobId: 'job-1',
  type: 'job.completed',
  url: 'https://receiver.example/hooks',
  state: 'pending',
  attempts: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  nextAttemptAt: '2026-01-01T00:00:10.000Z',
  lastAttempt: { at: '2026-01-01T00:00:05.000Z', status: 500, reason: 'answered 500' },
}

/** Creates an outbox that knows one message, and that remembers what it was asked. */
export const createFakeWebhooks = (): WebhookOutbox & { readonly calls: unknown[][] } => {
  const calls: unknown[][] = []
  return {
    calls,
    async list(...args) {
      calls.push(args)
      return { items: [webhookView], nextCursor: null }
    },
    async redeliver(id) {
      calls.push([id])
      if (id !== webhookView.id) throw new AppError('webhook_not_found', 'There is no such webhook.')
      return webhookView
    },
  }
}

export const settingsView: SettingsView = {
  concurrency: 16,
  bandwidth: 'off',
  bytesPerSecond: null,
  origins: { concurrency: 'environment', bandwidth: 'environment' },
  environment: { concurrency: 16, bandwidth: 'off' },
}

/** Creates settings that never change, and that remember what they were asked. */
export const createFakeSettings = (): Pick<LiveSettings, 'view' | 'change'> & { readonly calls: unknown[][] } => {
  const calls: unknown[][] = []
  return {
    calls,
    view: () => settingsView,
    async change(...args) {
      calls.push(args)
      return settingsView
    },
  }
}

export const bulkVerbView: BulkVerbView = {
  id: 'v-3',
  verb: 'pause',
  state: 'running',
  filter: { label: ['run=1'] },
  by: null,
  jobs: 3,
  batches: 1,
  changed: 2,
  refused: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
}

/** Creates verbs that change no job, and that remember what they were asked. */
export const createFakeVerbs = (): Verbs & { readonly calls: unknown[][] } => {
  const calls: unknown[][] = []
  return {
    calls,
    async begin(...args) {
      calls.push(args)
      return bulkVerbView
    },
    async get(id) {
      if (id !== bulkVerbView.id) throw new AppError('verb_not_found', 'There is no such verb')
      return bulkVerbView
    },
    list: async () => ({ items: [bulkVerbView], nextCursor: null }),
  }
}

export interface FakeFeed extends EventFeed {
  readonly listens: { readonly after: string | null; readonly filter: object; readonly signal: AbortSignal }[]
  /** Tells every listener, those of the future too. */
  push(...items: FeedItem[]): void
  /** Returns the number of items that listeners have taken. */
  taken(): number
}

export const createFakeFeed = (): FakeFeed => {
  const items: FeedItem[] = []
  const listens: FakeFeed['listens'] = []
  let wake = new AbortController()
  let taken = 0
  let closed = false
  const ring = (): void => {
    wake.abort()
    wake = new AbortController()
  }
  return {
    listens,
    taken: () => taken,
    push(...more) {
      items.push(...more)
      ring()
    },
    async listen(after, filter, take, signal) {
      listens.push({ after, filter, signal })
      for (let next = 0; !signal.aborted; next++) {
        while (next === items.length && !closed && !signal.aborted) {
          const rung = AbortSignal.any([signal, wake.signal])
          await new Promise((resolve) => rung.addEventListener('abort', resolve, { once: true }))
        }
        const item = items[next]
        if (item === undefined || signal.aborted) return
        taken += 1
        const room = take([item])
        if (room !== null && !(await room)) return
      }
    },
    close() {
      closed = true
      ring()
    },
  }
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => void (await delay(ms, undefined, { signal, ref: false })),
}

export const tokenOf = (scope: Scope, text: string): Token => ({
  name: `the ${scope}`,
  scope,
  hash: createHash('sha256').update(text).digest(),
  roots: null,
  targets: null,
})

/** Creates tokens that stay as they are. */
export const fixedTokens = (tokens: readonly Token[]): Tokens => ({
  needed: tokens.length > 0,
  current: () => tokens,
  subscribe: () => () => undefined,
})

export interface Harness {
  readonly app: FastifyInstance
  readonly jobs: ReturnType<typeof createFakeJobs>
  readonly feed: FakeFeed
  readonly orphans: ReturnType<typeof createFakeOrphans>
  readonly waits: FakeWaits
  readonly drain: Drain
  readonly webhooks: ReturnType<typeof createFakeWebhooks>
  readonly settings: ReturnType<typeof createFakeSettings>
  readonly verbs: ReturnType<typeof createFakeVerbs>
  readonly lines: LogLine[]
}

/** Creates the real app on fakes. `answers` replaces single methods of the fake Jobs. */
export const createHarness = async ({
  answers,
  ...deps
}: Partial<AppDeps> & { answers?: Partial<Jobs> } = {}): Promise<Harness> => {
  const jobs = createFakeJobs(answers)
  const feed = createFakeFeed()
  const orphans = createFakeOrphans()
  const webhooks = createFakeWebhooks()
  const settings = createFakeSettings()
  const verbs = createFakeVerbs()
  const lines: LogLine[] = []
  const waits = createFakeWaits()
  const drain = createDrain({
    waits,
    intake: createIntake(),
    board: { node: 'node', isAlone: () => true },
    clock: realClock,
  })
  const app = await createApp({
    jobs,
    batches: createIdleBatches(realClock).batches,
    feed,
    orphans,
    webhooks,
    store: { check: async () => undefined },
    overview: fakeOverview,
    nodes: { list: () => [] },
    metrics: createMetrics({ version: '1.2.3', startedAt: 0 }),
    settings,
    verbs,
    tokens: fixedTokens([]),
    allowedHosts: [],
    waits,
    drain,
    version: { version: '1.2.3' },
    document: createApiDocument(),
    logger: createMemoryLogger(lines),
    clock: realClock,
    ...deps,
  })
  return { app, jobs, feed, orphans, waits, drain, webhooks, settings, verbs, lines }
}

/** Resolves once `condition` holds. It polls, and throws after ten seconds. */
export const until = async (condition: () => boolean, what: string): Promise<void> => {
  for (const deadline = performance.now() + 10_000; !condition(); await delay(5)) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
  }
}

export const validBody = { source: { path: '/srv/in/a.bin' }, target: { bucket: 'media', key: 'dir/a.bin' } }
