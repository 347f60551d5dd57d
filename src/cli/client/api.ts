import type { BatchAnswer, BatchView } from '../../core/batch-view.js'
import type { JobState } from '../../core/job.js'
import type { JobAnswer, JobView } from '../../core/job-view.js'
import type { Verb } from '../../core/verb.js'
import type { HttpClient } from './http-client.js'
import { createAsk, type Schemas } from './typed-requests.js'

/** This is the body of `POST /v1/jobs`. */
export type JobRequest = Schemas['JobRequest']
/** This is the body of `POST /v1/batches`. */
export type BatchRequest = Schemas['BatchRequest']
/** A job and a batch have these options in common. */
export type JobOptionsRequest = Omit<BatchRequest, 'source' | 'target' | 'dryRun'>
export type PlannedFilePage = Schemas['PlannedFilePage']

export interface ListQuery {
  readonly states?: readonly JobState[]
  readonly bucket?: string
  readonly batch?: string
  /** A label is `k=v`, or a bare `k` that must exist. All of them must match. */
  readonly labels?: readonly string[]
}

/** A job must match everything that is given. When nothing is given, all jobs match. */
export interface WaitQuery {
  readonly jobs?: readonly string[]
  readonly labels?: readonly string[]
  readonly batch?: string
  /** This is an instant in ISO 8601, or a duration before now. */
  readonly since?: string
}

export type JobCounts = Schemas['WaitCounts']
export type JobPage = Schemas['JobPage']
export type JobChanges = Schemas['JobChanges']
export type OrphanView = Schemas['Orphan']
export type OrphanPage = Schemas['OrphanPage']
export type AbortAnswer = Schemas['OrphanAbortAnswers']['items'][number]

/** This names an open multipart upload in OSS. */
export interface UploadName {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

/** These are the daemons that work on the same jobs. */
export type NodesView = Schemas['Nodes']
/** These are the live settings, as the daemon answers them. */
export type SettingsView = Schemas['Settings']
export type SettingOrigin = SettingsView['origins']['bandwidth']
/** A setting that is absent stays as it is. Null goes back to the value of the environment. */
export type SettingsChanges = Schemas['SettingsChanges']

/** A verb for many jobs, and how far it has come. */
export type BulkVerb = Schemas['BulkVerb']

/** This selects the events of one job, of a batch, or of all. */
export interface EventsFilter {
  readonly jobId?: string
  readonly batchId?: string
}

/** These are the requests behind the commands. Each throws ProblemError, DaemonUnreachable, or the signal's reason. */
export interface Api {
  /** A second call with the same key and request answers the job that the first call made. */
  submit(request: JobRequest, idempotencyKey: string, signal: AbortSignal): Promise<JobView>
  get(jobId: string, signal: AbortSignal): Promise<JobAnswer>
  /** Returns the job when it is settled, or as it is after `waitSeconds` (at most 55). */
  wait(jobId: string, waitSeconds: number, signal: AbortSignal): Promise<JobView>
  /** Returns how many jobs have which outcome, once none is pending or after `waitSeconds` (at most 55). */
  waitFor(query: WaitQuery, waitSeconds: number, signal: AbortSignal): Promise<JobCounts>
  /** Makes the daemon refuse new jobs from now on, and waits as `waitFor` does for all jobs. */
  drain(waitSeconds: number, since: string | undefined, signal: AbortSignal): Promise<JobCounts>
  undoDrain(signal: AbortSignal): Promise<void>
  /** `limit` is 1..1000. A page may be short and still have a next one. */
  page(query: ListQuery, limit: number, cursor: string | null, signal: AbortSignal): Promise<JobPage>
  control(jobId: string, verb: Verb, signal: AbortSignal): Promise<JobView>
  /** A second call with the same key and request answers the batch that the first call made. */
  submitBatch(request: BatchRequest, idempotencyKey: string, signal: AbortSignal): Promise<BatchView>
  getBatch(batchId: string, signal: AbortSignal): Promise<BatchAnswer>
  /** Returns what a dry run would have sent. `limit` is 1..1000. */
  plannedFiles(batchId: string, limit: number, cursor: string | null, signal: AbortSignal): Promise<PlannedFilePage>
  controlBatch(batchId: string, verb: Verb, signal: AbortSignal): Promise<BatchView>
  /** An option that is absent stays as it is. */
  change(jobId: string, changes: JobChanges, signal: AbortSignal): Promise<JobView>
  /** Applies the verb to every job that matches, and to all jobs when the query is empty. */
  controlMany(verb: Verb, query: ListQuery, signal: AbortSignal): Promise<BulkVerb>
  getVerb(id: string, signal: AbortSignal): Promise<BulkVerb>
  nodes(signal: AbortSignal): Promise<NodesView>
  settings(signal: AbortSignal): Promise<SettingsView>
  changeSettings(changes: SettingsChanges, signal: AbortSignal): Promise<SettingsView>
  remove(jobId: string, signal: AbortSignal): Promise<void>
  removeBatch(batchId: string, signal: AbortSignal): Promise<void>
  /** Returns the open uploads of one bucket, or of all buckets that jobs were made for (null). `limit` is 1..1000. */
  orphans(where: OrphanScope, limit: number, cursor: string | null, signal: AbortSignal): Promise<OrphanPage>
  /** One call takes at most 100 uploads. */
  abortOrphans(
    uploads: readonly UploadName[],
    options: { readonly force: boolean } & Pick<OrphanScope, 'payer'>,
    signal: AbortSignal,
  ): Promise<readonly AbortAnswer[]>
  /** Returns server-sent events as text. */
  events(filter: EventsFilter, lastEventId: string | null, signal: AbortSignal): Promise<AsyncIterable<string>>
}

/** This says where open uploads are looked for, and who pays for that. */
export interface OrphanScope {
  /** When it is absent, every bucket that jobs were made for is searched. */
  readonly bucket?: string
  readonly payer?: 'requester'
}

/** Returns whether an id belongs to a batch. The form of the id tells it from that of a job. */
export const isBatchId = (id: string): boolean => id.startsWith('b-')
export const isVerbId = (id: string): boolean => id.startsWith('v-')

/** The answer may come at the very end of the wait, and then it needs time to travel. */
const waitMarginMs = 20_000
/** A batch may have very many jobs, and the answer comes only after they are removed. */
const removeBatchTimeoutMs = 600_000
/** The daemon asks OSS, which may take its time. */
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
    controlMany: (verb, { states, bucket, labels, batch }, signal) =>
      ask('post', `/v1/jobs/${verb}`, { query: { state: states, bucket, label: labels, batch }, signal }),
    getVerb: (id, signal) => ask('get', '/v1/verbs/{id}', { id, signal }),
    nodes: (signal) => ask('get', '/v1/nodes', { signal }),
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
    abortOrphans: async (uploads, options, signal) => {
      const body = { uploads, ...options }
      return (await ask('post', '/v1/orphans/abort', { body, timeoutMs: orphansTimeoutMs, signal })).items
    },
    events: (filter, lastEventId, signal) =>
      client.stream(eventsPath(filter), {
        headers: lastEventId === null ? {} : { 'last-event-id': lastEventId },
        signal,
      }),
  }
}

/** Yields the jobs that match, newest first, at most `limit` of them. */
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
