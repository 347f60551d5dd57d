import { isSettled, type Job, type JobState, tuningOf } from '../../src/core/job.js'
import { completeJob } from '../../src/core/job-ends.js'
import { changeJob, crashRun, endRun, startRun } from '../../src/core/job-steps.js'
import type { NodeReport } from '../../src/core/node.js'
import { controlStep, lawOf } from '../../src/core/verb-law.js'
import type { Lease } from '../../src/ports/lease.js'
import type { HeartbeatAnswer } from '../../src/ports/queue-store.js'
import type { Store } from '../../src/ports/store.js'
import { claimOrder } from './claim-order.js'
import { createMemoryBatches } from './memory-batches.js'
import { createMemoryChores } from './memory-chores.js'
import { createMemoryJobs } from './memory-jobs.js'
import { createStoreOf, firstWithKey, type MemoryOperations, type MemoryStoreDeps } from './memory-operations.js'
import { createMemoryOrphans } from './memory-orphans.js'
import { createMemorySettings } from './memory-settings.js'
import { matches, prunedFirst, statsOf } from './memory-steps.js'
import { createMemoryUploads } from './memory-uploads.js'
import { createMemoryWebhooks } from './memory-webhooks.js'

const desireOf = ({ jobId, epoch }: Lease, job: Job | undefined, held: boolean): HeartbeatAnswer =>
  job === undefined
    ? { jobId, epoch, held: false, desired: 'run', tuning: null }
    : { jobId, epoch, held, desired: job.desired, tuning: tuningOf(job) }

/**
 * Creates the store port in memory. It has the semantics of the SQLite store: the conformance suite runs on both.
 */
export const createMemoryStore = (deps: MemoryStoreDeps): Store => {
  const { clock, wakeup } = deps
  const jobs = createMemoryJobs(deps)
  const { bySeq, save, unlease, underLease, row: rowOf, rivalOf, pages, log } = jobs
  const settings = createMemorySettings()
  const outbox = createMemoryWebhooks(jobs, () => wakeup.notify('webhooks'))
  const orphans = createMemoryOrphans(jobs)
  const chores = createMemoryChores(jobs.now)
  const { verbs, ...batches } = createMemoryBatches(jobs, chores)

  const clockMoved = (by: number): void => {
    outbox.clockMoved(by)
    chores.clockMoved(by)
    for (const row of bySeq()) {
      if (row.leaseUntil !== null) row.leaseUntil += by
      const { waiting, dueAt } = row.job
      if (dueAt !== null && waiting !== 'notBefore') row.job = { ...row.job, dueAt: dueAt + by }
    }
  }

  const heard = new Map<string, { readonly report: NodeReport; readonly at: number }>()
  const isHeld = (lease: Lease): boolean => underLease(lease, () => true) === true

  const operations: MemoryOperations = {
    ...outbox.operations,
    ...orphans.operations,
    ...batches.operations,
    ...chores.operations,
    ...createMemoryUploads(jobs, orphans),

    submit: (request, idempotency, by = null, mostQueued = null) => {
      const known = firstWithKey(bySeq(), idempotency?.key)
      if (known !== null) {
        const isSame = known.fingerprint === idempotency?.fingerprint
        return isSame ? { kind: 'replayed', job: known.row.job } : { kind: 'mismatch' }
      }
      const rival = rivalOf(request)
      if (rival !== null) return { kind: 'target_busy', jobId: rival }
      if (!jobs.hasRoom(1, mostQueued)) return { kind: 'queue_full' }
      return { kind: 'created', job: jobs.insert(request, idempotency, by) }
    },

    findByIdempotencyKey: (key) => {
      const known = firstWithKey(bySeq(), key)
      return known && { fingerprint: known.fingerprint, job: known.row.job }
    },

    claim: ({ node, leaseMs, ...limits }) => {
      const now = clock.now()
      for (const row of bySeq()) {
        if (row.leaseUntil !== null && row.leaseUntil <= now) unlease(row, crashRun(row.job, now))
      }
      const claims = claimOrder(bySeq(), { ...limits, node, now }).map((row) => {
        row.epoch++
        row.leaseUntil = now + leaseMs
        row.job = { ...row.job, node }
        const job = save(row, startRun(row.job, now))
        return { lease: { jobId: job.id, epoch: row.epoch }, job }
      })
      const dueAts = bySeq().flatMap(({ job }) => (job.dueAt !== null && job.dueAt > now ? [job.dueAt] : []))
      return { claims, nextDueInMs: dueAts.length === 0 ? null : Math.min(...dueAts) - now }
    },

    heartbeat: (leases, leaseMs) =>
      leases.map((lease) => {
        const { jobId } = lease
        const answer = underLease(lease, (row) => {
          row.leaseUntil = clock.now() + leaseMs
        })
        const job = rowOf(jobId)?.job
        return desireOf(lease, job, answer !== 'fenced')
      }),

    beat: ({ node, report, leases }) => {
      const now = clock.now()
      heard.set(node, { report, at: now })
      return {
        desires: leases.map((lease) => desireOf(lease, rowOf(lease.jobId)?.job, isHeld(lease))),
        settings: settings.stored(),
        newestVerb: verbs.newest(),
        nodes: [...heard]
          .map(([id, { report, at }]) => ({ id, report, schema: 0, heardAt: at, silentMs: now - at }))
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      }
    },

    release: (lease, release) => underLease(lease, (row) => unlease(row, endRun(row.job, release, clock.now()))),

    finishPuts: (results) =>
      results.map(({ lease, receipt }) => {
        const now = clock.now()
        const job = underLease(lease, (row) => unlease(row, completeJob(row.job, 'uploaded', receipt, now)))
        return job === 'fenced' ? job : 'done'
      }),

    control: (jobId, request, by = null) => {
      const row = rowOf(jobId)
      if (row === undefined) return { kind: 'not_found' }
      const step = controlStep(row.job, request, clock.now())
      if (step === 'invalid_state') return { kind: 'invalid_state', state: row.job.state }
      verbs.leaveAlone(row, request.verb)
      if (step.job === row.job) return { kind: 'ok', job: row.job }
      const rival = lawOf(request.verb).bringsBack ? rivalOf(row.job) : null
      if (rival !== null) return { kind: 'target_busy', jobId: rival }
      return { kind: 'ok', job: save(row, { ...step, by }) }
    },

    change: (jobId, changes, ifVersions, by = null) => {
      const row = rowOf(jobId)
      if (row === undefined) return { kind: 'not_found' }
      const { version, state } = row.job
      if (ifVersions !== null && !ifVersions.includes(version)) return { kind: 'precondition_failed', version }
      const step = changeJob(row.job, changes)
      return step === 'invalid_state' ? { kind: step, state } : { kind: 'ok', job: save(row, { ...step, by }) }
    },

    remove: (jobId, by = null) => {
      const row = rowOf(jobId)
      if (row === undefined) return 'not_found'
      if (!isSettled(row.job.state)) return 'invalid_state'
      jobs.drop(row, by)
      return 'ok'
    },

    get: (jobId) => rowOf(jobId)?.job ?? null,

    list: (filter, request) => {
      const found = bySeq().filter(({ job }) => matches(job, filter))
      return pages.newest('jobs', found, request, ({ job }) => job)
    },

    countJobs: (filter, cursor) => {
      pages.check('countJobs', cursor)
      const found = bySeq().filter((row) => matches(row.job, filter))
      const count = (state: JobState): number => found.filter(({ job }) => job.state === state).length
      const pending = found.filter(({ job }) => !isSettled(job.state))
      const counts = { completed: count('completed'), failed: count('failed'), cancelled: count('cancelled') }
      return { pending: pending.length, ...counts, newestPending: pending.at(-1)?.job.id ?? null, nextCursor: null }
    },

    parts: (jobId, request) => pages.numbered('parts', rowOf(jobId)?.parts ?? [], request),

    lastEventId: log.lastId,
    eventsAfter: log.after,

    beginVerb: verbs.begin,
    getVerb: verbs.get,
    listVerbs: verbs.list,
    unfinishedVerbs: verbs.unfinished,
    jobsOfVerb: verbs.jobsOf,
    stepVerb: verbs.step,

    storedSettings: settings.stored,
    storeSettings: settings.store,

    prune: ({ olderThanMs, limit }) => {
      const before = clock.now() - olderThanMs
      verbs.prune(before)
      const chosen = prunedFirst(bySeq(), before, limit)
      for (const { job } of chosen) jobs.remove(job, before)
      return { jobs: chosen.length, events: log.prune(before, limit), batches: batches.prune(before, limit) }
    },

    stats: () => statsOf(bySeq(), outbox.all(), clock.now()),
    check: () => undefined,
  }
  return createStoreOf(operations, { ...deps, clockMoved, lastEventId: log.lastId })
}
