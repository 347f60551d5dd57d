import type { BatchView } from '../core/batch-view.js'
import type { IfExists, JobState } from '../core/job.js'
import type { JobView } from '../core/job-view.js'
import type { HttpClient } from './http-client.js'

/** The body of `POST /v1/jobs`, as far as the CLI fills it. Sizes in bytes. */
export interface JobRequest {
  readonly source: { readonly path: string }
  readonly target: { readonly bucket: string; readonly key: string }
  readonly partSize?: number
  readonly multipartThreshold?: number
  readonly parallel?: number
  /** Bytes per second, as text. */
  readonly bandwidth?: string
  readonly sequential?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly ifExists?: IfExists
  readonly priority?: number
  readonly labels?: Readonly<Record<string, string>>
}

export interface ListQuery {
  readonly states?: readonly JobState[]
  readonly bucket?: string
  /** `k=v`, or a bare `k` that must exist; all must hold. */
  readonly labels?: readonly string[]
}

/** Everything that is given must hold; nothing given means all jobs. */
export interface WaitQuery {
  readonly jobs?: readonly string[]
  readonly labels?: readonly string[]
  readonly batch?: string
  /** ISO 8601. */
  readonly since?: string
}

export interface JobCounts {
  readonly pending: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

export interface JobPage {
  readonly items: readonly JobView[]
  readonly nextCursor: string | null
}

/** An open multipart upload in OSS, by its name. */
export interface UploadName {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

export interface OrphanView extends UploadName {
  readonly owner: 'ours' | 'possible' | 'unknown'
  readonly jobId: string | null
  readonly jobState: JobState | null
  readonly initiatedAt: string
  readonly ageSeconds: number
  readonly bytes: number | null
}

export interface OrphanPage {
  readonly items: readonly OrphanView[]
  readonly nextCursor: string | null
}

export interface AbortAnswer extends UploadName {
  readonly result: 'aborted' | 'gone' | 'refused' | 'failed'
  readonly reason: string | null
}

export interface JobChanges {
  readonly priority?: number
  readonly parallel?: number
  /** Null takes the limit away. */
  readonly bandwidth?: string | null
  readonly labels?: Readonly<Record<string, string>>
}

/** The live settings, as the daemon answers them. */
export interface SettingsView {
  readonly concurrency: number
  readonly bandwidth: string
  readonly bytesPerSecond: number | null
  readonly origins: { readonly concurrency: SettingOrigin; readonly bandwidth: SettingOrigin }
  readonly environment: { readonly concurrency: number; readonly bandwidth: string }
}

export type SettingOrigin = 'environment' | 'stored'

/** What is absent stays; null goes back to the environment. */
export interface SettingsChanges {
  readonly concurrency?: number | null
  readonly bandwidth?: string | null
}

export type Verb = 'pause' | 'resume' | 'cancel' | 'retry'

/** The requests behind the commands. Each throws ProblemError, DaemonUnreachable, or the signal's reason. */
export interface Api {
  /** A replay of the same key and request answers the job that it made. */
  submit(request: JobRequest, idempotencyKey: string, signal: AbortSignal): Promise<JobView>
  get(jobId: string, signal: AbortSignal): Promise<JobView>
  /** The job when it is settled, or as it is after `waitSeconds` (at most 55). */
  wait(jobId: string, waitSeconds: number, signal: AbortSignal): Promise<JobView>
  /** How many jobs stand how, once none is pending or after `waitSeconds` (at most 55). */
  waitFor(query: WaitQuery, waitSeconds: number, signal: AbortSignal): Promise<JobCounts>
  /** Refuses new jobs from now on; waits like `waitFor` for everything. */
  drain(waitSeconds: number, signal: AbortSignal): Promise<JobCounts>
  undoDrain(signal: AbortSignal): Promise<void>
  /** `limit` 1..1000. A page may be short and still have a next one. */
  page(query: ListQuery, limit: number, cursor: string | null, signal: AbortSignal): Promise<JobPage>
  control(jobId: string, verb: Verb, signal: AbortSignal): Promise<JobView>
  getBatch(batchId: string, signal: AbortSignal): Promise<BatchView>
  controlBatch(batchId: string, verb: Verb, signal: AbortSignal): Promise<BatchView>
  /** What is absent stays. */
  change(jobId: string, changes: JobChanges, signal: AbortSignal): Promise<JobView>
  settings(signal: AbortSignal): Promise<SettingsView>
  changeSettings(changes: SettingsChanges, signal: AbortSignal): Promise<SettingsView>
  remove(jobId: string, signal: AbortSignal): Promise<void>
  /** Of one bucket, or of all that jobs were made for (null). `limit` 1..1000. */
  orphans(bucket: string | null, limit: number, cursor: string | null, signal: AbortSignal): Promise<OrphanPage>
  /** At most 100 uploads. */
  abortOrphans(uploads: readonly UploadName[], force: boolean, signal: AbortSignal): Promise<readonly AbortAnswer[]>
  /** Server-sent events as text: of one job, or of all (`jobId` null). */
  events(jobId: string | null, lastEventId: string | null, signal: AbortSignal): Promise<AsyncIterable<string>>
}

/** Batches are told from jobs at sight. */
export const isBatchId = (id: string): boolean => id.startsWith('b-')

/** The answer may come at the very end of the wait, and then has to travel. */
const waitMarginMs = 20_000
/** OSS is asked, and may take its time. */
const orphansTimeoutMs = 60_000

export const createApi = (client: HttpClient): Api => {
  const jobPath = (jobId: string, tail = ''): string => `/v1/jobs/${encodeURIComponent(jobId)}${tail}`
  const batchPath = (batchId: string, tail = ''): string => `/v1/batches/${encodeURIComponent(batchId)}${tail}`
  return {
    submit: async (body, idempotencyKey, signal) =>
      (await client.request('POST', '/v1/jobs', {
        body,
        headers: { 'idempotency-key': idempotencyKey },
        signal,
      })) as JobView,
    get: async (jobId, signal) => (await client.request('GET', jobPath(jobId), { signal })) as JobView,
    wait: async (jobId, waitSeconds, signal) =>
      (await client.request('GET', jobPath(jobId), {
        query: [['wait', `${waitSeconds}s`]],
        timeoutMs: waitSeconds * 1000 + waitMarginMs,
        signal,
      })) as JobView,
    waitFor: async ({ jobs = [], labels = [], batch, since }, waitSeconds, signal) => {
      const query: [string, string][] = [['timeout', `${waitSeconds}s`]]
      if (jobs.length > 0) query.push(['job', jobs.join(',')])
      for (const label of labels) query.push(['label', label])
      if (batch !== undefined) query.push(['batch', batch])
      if (since !== undefined) query.push(['since', since])
      const timeoutMs = waitSeconds * 1000 + waitMarginMs
      return (await client.request('GET', '/v1/wait', { query, timeoutMs, signal })) as JobCounts
    },
    drain: async (waitSeconds, signal) => {
      const timeoutMs = waitSeconds * 1000 + waitMarginMs
      const body = { timeoutSeconds: waitSeconds }
      return (await client.request('POST', '/v1/drain', { body, timeoutMs, signal })) as JobCounts
    },
    undoDrain: async (signal) => {
      await client.request('DELETE', '/v1/drain', { signal })
    },
    page: async ({ states = [], bucket, labels = [] }, limit, cursor, signal) => {
      const query: [string, string][] = [['limit', String(limit)]]
      if (states.length > 0) query.push(['state', states.join(',')])
      if (bucket !== undefined) query.push(['bucket', bucket])
      for (const label of labels) query.push(['label', label])
      if (cursor !== null) query.push(['cursor', cursor])
      return (await client.request('GET', '/v1/jobs', { query, signal })) as JobPage
    },
    control: async (jobId, verb, signal) =>
      (await client.request('POST', jobPath(jobId, `/${verb}`), { signal })) as JobView,
    getBatch: async (batchId, signal) => (await client.request('GET', batchPath(batchId), { signal })) as BatchView,
    controlBatch: async (batchId, verb, signal) =>
      (await client.request('POST', batchPath(batchId, `/${verb}`), { signal })) as BatchView,
    change: async (jobId, body, signal) => (await client.request('PATCH', jobPath(jobId), { body, signal })) as JobView,
    settings: async (signal) => (await client.request('GET', '/v1/settings', { signal })) as SettingsView,
    changeSettings: async (body, signal) =>
      (await client.request('PATCH', '/v1/settings', { body, signal })) as SettingsView,
    remove: async (jobId, signal) => {
      await client.request('DELETE', jobPath(jobId), { signal })
    },
    orphans: async (bucket, limit, cursor, signal) => {
      const query: [string, string][] = [['limit', String(limit)]]
      if (bucket !== null) query.push(['bucket', bucket])
      if (cursor !== null) query.push(['cursor', cursor])
      return (await client.request('GET', '/v1/orphans', { query, timeoutMs: orphansTimeoutMs, signal })) as OrphanPage
    },
    abortOrphans: async (uploads, force, signal) => {
      const options = { body: { uploads, force }, timeoutMs: orphansTimeoutMs, signal }
      const answer = await client.request('POST', '/v1/orphans/abort', options)
      return (answer as { readonly items: readonly AbortAnswer[] }).items
    },
    events: (jobId, lastEventId, signal) =>
      client.stream(jobId === null ? '/v1/events' : jobPath(jobId, '/events'), {
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
