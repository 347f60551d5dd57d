import type { BatchAnswer, BatchView } from '../../core/batch-view.js'
import type { JobState } from '../../core/job.js'
import type { JobAnswer, JobView } from '../../core/job-view.js'
import type { HttpClient } from './http-client.js'
import { createAsk, type Schemas } from './typed-requests.js'

/** The body of `POST /v1/jobs`. */
export type JobRequest = Schemas['JobRequest']
/** The body of `POST /v1/batches`. */
export type BatchRequest = Schemas['BatchRequest']
/** What a job and a batch may ask alike. */
export type JobOptionsRequest = Omit<BatchRequest, 'source' | 'target' | 'dryRun'>
export type PlannedFilePage = Schemas['PlannedFilePage']

export interface ListQuery {
  readonly states?: readonly JobState[]
  readonly bucket?: string
  readonly batch?: string
  /** `k=v`, or a bare `k` that must exist; all must hold. */
  readonly labels?: readonly string[]
}

export interface SweepQuery extends ListQuery {
  readonly batch?: string
}

/** Everything that is given must hold; nothing given means all jobs. */
export interface WaitQuery {
  readonly jobs?: readonly string[]
  readonly labels?: readonly string[]
  readonly batch?: string
  /** ISO 8601, or a duration before now. */
  readonly since?: string
}

export type JobCounts = Schemas['WaitCounts']
export type JobPage = Schemas['JobPage']
export type JobChanges = Schemas['JobChanges']
export type OrphanView = Schemas['Orphan']
export type OrphanPage = Schemas['OrphanPage']
export type AbortAnswer = Schemas['OrphanAbortAnswers']['items'][number]

/** An open multipart upload in OSS, by its name. */
export interface UploadName {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

/** The live settings, as the daemon answers them. */
export type SettingsView = Schemas['Settings']
export type SettingOrigin = SettingsView['origins']['bandwidth']
/** What is absent stays; null goes back to the environment. */
export type SettingsChanges = Schemas['SettingsChanges']

/** How much a verb for many is going to reach. */
export type SweepAnswer = Schemas['SweepAnswer']

/** What everything can be told at once. */
export type SweepVerb = 'pause' | 'resume'

/** Events of one job, of a batch, or of all. */
export interface EventsFilter {
  readonly jobId?: string
  readonly batchId?: string
}

export type Verb = 'pause' | 'resume' | 'cancel' | 'retry'

/** The requests behind the commands. Each throws ProblemError, DaemonUnreachable, or the signal's reason. */
export interface Api {
  /** A replay of the same key and request answers the job that it made. */
  submit(request: JobRequest, idempotencyKey: string, signal: AbortSignal): Promise<JobView>
  get(jobId: string, signal: AbortSignal): Promise<JobAnswer>
  /** The job when it is settled, or as it is after `waitSeconds` (at most 55). */
  wait(jobId: string, waitSeconds: number, signal: AbortSignal): Promise<JobView>
  /** How many jobs stand how, once none is pending or after `waitSeconds` (at most 55). */
  waitFor(query: WaitQuery, waitSeconds: number, signal: AbortSignal): Promise<JobCounts>
  /** Refuses new jobs from now on; waits like `waitFor` for everything. */
  drain(waitSeconds: number, since: string | undefined, signal: AbortSignal): Promise<JobCounts>
  undoDrain(signal: AbortSignal): Promise<void>
  /** `limit` 1..1000. A page may be short and still have a next one. */
  page(query: ListQuery, limit: number, cursor: string | null, signal: AbortSignal): Promise<JobPage>
  control(jobId: string, verb: Verb, signal: AbortSignal): Promise<JobView>
  /** A replay of the same key and request answers the batch that it made. */
  submitBatch(request: BatchRequest, idempotencyKey: string, signal: AbortSignal): Promise<BatchView>
  getBatch(batchId: string, signal: AbortSignal): Promise<BatchAnswer>
  /** What a dry run would have sent. `limit` 1..1000. */
  plannedFiles(batchId: string, limit: number, cursor: string | null, signal: AbortSignal): Promise<PlannedFilePage>
  controlBatch(batchId: string, verb: Verb, signal: AbortSignal): Promise<BatchView>
  /** What is absent stays. */
  change(jobId: string, changes: JobChanges, signal: AbortSignal): Promise<JobView>
  /** Everything that matches: all jobs when nothing is asked for. */
  sweep(verb: SweepVerb, query: SweepQuery, signal: AbortSignal): Promise<SweepAnswer>
  settings(signal: AbortSignal): Promise<SettingsView>
  changeSettings(changes: SettingsChanges, signal: AbortSignal): Promise<SettingsView>
  remove(jobId: string, signal: AbortSignal): Promise<void>
  removeBatch(batchId: string, signal: AbortSignal): Promise<void>
  /** Of one bucket, or of all that jobs were made for (null). `limit` 1..1000. */
  orphans(where: OrphanPlace, limit: number, cursor: string | null, signal: AbortSignal): Promise<OrphanPage>
  /** At most 100 uploads. */
  abortOrphans(
    uploads: readonly UploadName[],
    wishes: { readonly force: boolean } & Pick<OrphanPlace, 'payer'>,
    signal: AbortSignal,
  ): Promise<readonly AbortAnswer[]>
  /** Server-sent events as text. */
  events(filter: EventsFilter, lastEventId: string | null, signal: AbortSignal): Promise<AsyncIterable<string>>
}

/** Where open uploads are looked for, and who pays for that. */
export interface OrphanPlace {
  /** Absent: every bucket that jobs were made for. */
  readonly bucket?: string
  readonly payer?: 'requester'
}

/** Batches are told from jobs at sight. */
export const isBatchId = (id: string): boolean => id.startsWith('b-')

/** The answer may come at the very end of the wait, and then has to travel. */
const waitMarginMs = 20_000
/** A batch may have very many jobs, which go before the answer comes. */
const removeBatchTimeoutMs = 600_000
/** OSS is asked, and may take its time. */
const orphansTimeoutMs = 60_000

const eventsPath = ({ jobId, batchId }: EventsFilter): string => {
  if (jobId !== undefined) return `/v1/jobs/${encodeURIComponent(jobId)}/events`
  return batchId === undefined ? '/v1/events' : `/v1/events?batch=${encodeURIComponent(batchId)}`
}

export const createApi = (client: HttpClient): Api => {
  const ask = createAsk(client)
  return {
    submit: (body, idempotencyKey, signal) =>
      ask('post', '/v1/jobs', { body, headers: { 'idempotency-key': idempotencyKey }, signal }),
    get: (id, signal) => ask('get', '/v1/jobs/{id}', { id, signal }),
    wait: (id, waitSeconds, signal) =>
      ask('get', '/v1/jobs/{id}', {
        id,
        query: { wait: `${waitSeconds}s` },
        timeoutMs: waitSeconds * 1000 + waitMarginMs,
        signal,
      }),
    waitFor: ({ jobs, labels, batch, since }, waitSeconds, signal) =>
      ask('get', '/v1/wait', {
        query: { timeout: `${waitSeconds}s`, job: jobs, label: labels, batch, since },
        timeoutMs: waitSeconds * 1000 + waitMarginMs,
        signal,
      }),
    drain: (waitSeconds, since, signal) =>
      ask('post', '/v1/drain', {
        body: { timeoutSeconds: waitSeconds, ...(since === undefined ? {} : { since }) },
        timeoutMs: waitSeconds * 1000 + waitMarginMs,
        signal,
      }),
    undoDrain: async (signal) => {
      await ask('delete', '/v1/drain', { signal })
    },
    page: ({ states, bucket, batch, labels }, limit, cursor, signal) =>
      ask('get', '/v1/jobs', {
        query: { limit, state: states, bucket, batch, label: labels, cursor },
        signal,
      }),
    control: (id, verb, signal) => ask('post', `/v1/jobs/{id}/${verb}`, { id, signal }),
    submitBatch: (body, idempotencyKey, signal) =>
      ask('post', '/v1/batches', { body, headers: { 'idempotency-key': idempotencyKey }, signal }),
    plannedFiles: (id, limit, cursor, signal) =>
      ask('get', '/v1/batches/{id}/files', { id, query: { limit, cursor }, signal }),
    getBatch: (id, signal) => ask('get', '/v1/batches/{id}', { id, signal }),
    controlBatch: (id, verb, signal) => ask('post', `/v1/batches/{id}/${verb}`, { id, signal }),
    change: (id, body, signal) => ask('patch', '/v1/jobs/{id}', { id, body, signal }),
    sweep: (verb, { bucket, labels, batch }, signal) =>
      ask('post', `/v1/jobs/${verb}`, { query: { bucket, label: labels, batch }, signal }),
    settings: (signal) => ask('get', '/v1/settings', { signal }),
    changeSettings: (body, signal) => ask('patch', '/v1/settings', { body, signal }),
    remove: async (id, signal) => {
      await ask('delete', '/v1/jobs/{id}', { id, signal })
    },
    removeBatch: async (id, signal) => {
      await ask('delete', '/v1/batches/{id}', { id, timeoutMs: removeBatchTimeoutMs, signal })
    },
    orphans: (where, limit, cursor, signal) =>
      ask('get', '/v1/orphans', {
        query: { ...where, limit, cursor },
        timeoutMs: orphansTimeoutMs,
        signal,
      }),
    abortOrphans: async (uploads, wishes, signal) => {
      const body = { uploads, ...wishes }
      return (await ask('post', '/v1/orphans/abort', { body, timeoutMs: orphansTimeoutMs, signal })).items
    },
    events: (filter, lastEventId, signal) =>
      client.stream(eventsPath(filter), {
        headers: lastEventId === null ? {} : { 'last-event-id': lastEventId },
        signal,
      }),
  }
}

/** Every job that matches, newest first, at most `limit` of them. */
export async function* listJobs(
  api: Api,
  query: ListQuery,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<JobView> {
  let cursor: string | null = null
  let left = limit
  do {
    const page: JobPage = await api.page(query, Math.min(left, 1000), cursor, signal)
    yield* page.items
    left -= page.items.length
    cursor = page.nextCursor
  } while (cursor !== null && left > 0)
}
