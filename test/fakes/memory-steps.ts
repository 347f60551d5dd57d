import { isDueState, isSettled, type Job, jobStates, pathOf, sizeOf, waitingReasons } from '../../src/core/job.js'
import type { JobFilter } from '../../src/core/job-filter.js'
import { type Webhook, webhookStates } from '../../src/core/webhook.js'
import type { StoreStats } from '../../src/ports/upkeep-store.js'

export const matches = (
  job: Job,
  { states, bucket, batchId, labels, source, since, openSince, ids, node }: JobFilter,
): boolean =>
  (states?.includes(job.state) ?? true) &&
  (bucket === undefined || job.target.bucket === bucket) &&
  (batchId === undefined || job.batchId === batchId) &&
  (source === undefined || pathOf(job) === source || (source.endsWith('/') && pathOf(job).startsWith(source))) &&
  (since === undefined || job.createdAt >= since) &&
  (openSince === undefined || job.finishedAt === null || job.finishedAt >= openSince) &&
  (ids === undefined || ids.includes(job.id)) &&
  (node === undefined || job.place === node || job.node === node) &&
  (labels ?? []).every(({ key, value }) =>
    value === null ? Object.hasOwn(job.labels, key) : Object.hasOwn(job.labels, key) && job.labels[key] === value,
  )

/**
 * Returns the oldest of the jobs that finished before an instant: as many as have `limit` rows together, but at least
 * one.
 */
export const prunedFirst = <T extends { readonly job: Job; readonly parts: readonly unknown[] }>(
  rows: readonly T[],
  before: number,
  limit: number,
): readonly T[] => {
  let size = 0
  return rows
    .filter(({ job }) => job.finishedAt !== null && job.finishedAt < before)
    .sort((a, b) => (a.job.finishedAt ?? 0) - (b.job.finishedAt ?? 0))
    .filter(({ parts }, index) => {
      size += 1 + parts.length
      return index === 0 || size <= limit
    })
}

const countOf = <K extends string, T>(
  names: readonly K[],
  items: readonly T[],
  nameOf: (item: T) => K | null,
): Record<K, number> =>
  Object.fromEntries(names.map((name) => [name, items.filter((one) => nameOf(one) === name).length])) as Record<
    K,
    number
  >

const earliest = (instants: readonly number[]): number | null => (instants.length === 0 ? null : Math.min(...instants))

export const statsOf = (
  rows: readonly { readonly job: Job; readonly leaseUntil: number | null }[],
  webhooks: readonly Pick<Webhook, 'state' | 'beganAt'>[],
  at: number,
): StoreStats => {
  const jobs = rows.map(({ job }) => job)
  const ready = rows.filter(({ job, leaseUntil }) => job.state === 'queued' && (job.dueAt ?? at) <= at && !leaseUntil)
  const bytesOf = (some: readonly Job[]): number => some.reduce((sum, job) => sum + sizeOf(job) - job.bytesUploaded, 0)
  return {
    at,
    jobs: countOf(jobStates, jobs, ({ state }) => state),
    bytesPending: bytesOf(jobs.filter(({ state }) => !isSettled(state))),
    bytesDue: bytesOf(jobs.filter(({ state, waiting }) => isDueState(state) && waiting !== 'notBefore')),
    waiting: countOf(waitingReasons, jobs, ({ waiting }) => waiting),
    oldestReadyAt: earliest(ready.map(({ job }) => Math.max(job.createdAt, job.notBefore ?? 0))),
    webhooks: countOf(webhookStates, webhooks, ({ state }) => state),
    oldestWebhookAt: earliest(webhooks.filter(({ state }) => state === 'pending').map(({ beganAt }) => beganAt)),
    size: null,
  }
}
