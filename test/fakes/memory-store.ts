import { isSettled, type Job, type JobState, type NewJob, tuningOf } from '../../src/core/job.js'
import { changeOf, type Told, toldOf } from '../../src/core/job-changes.js'
import { changeJob, crashRun, createJob, endRun, type Step, startRun } from '../../src/core/job-steps.js'
import { controlStep } from '../../src/core/verb-law.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { Lease } from '../../src/ports/lease.js'
import type { Store } from '../../src/ports/store.js'
import { claimOrder } from './claim-order.js'
import { createMemoryBatches } from './memory-batches.js'
import { createMemoryEvents } from './memory-events.js'
import { createStoreOf, type MemoryOperations, type MemoryStoreDeps } from './memory-operations.js'
import { createMemoryOrphans } from './memory-orphans.js'
import { createMemoryPages } from './memory-pages.js'
import { createMemorySettings } from './memory-settings.js'
import { matches, prunedFirst, statsOf } from './memory-steps.js'
import { createMemoryUploads, type MemoryRow, partsAfter } from './memory-uploads.js'
import { createMemoryVerbs } from './memory-verbs.js'
import { createMemoryWebhooks } from './memory-webhooks.js'

/**
 * Creates the store port in memory. It has the semantics of the SQLite store: the conformance suite runs on both.
 */
export const createMemoryStore = (deps: MemoryStoreDeps): Store => {
  const { clock, wakeup, instance = 'memory00' } = deps
  const rows = new Map<string, MemoryRow>()
  const log = createMemoryEvents(instance, clock.now)
  const pages = createMemoryPages(instance)
  const { pageOf, startOf } = pages
  const settings = createMemorySettings()
  const outbox = createMemoryWebhooks({ now: clock.now, hasJob: (id) => rows.has(id), pages })
  let lastSeq = 0

  const bySeq = (): MemoryRow[] => [...rows.values()].sort((a, b) => a.seq - b.seq)

  const tell = (job: Job, { event: { type, job: view, by }, webhook }: Told): void => {
    const id = log.append(job, type, { job: view }, by)
    if (webhook === null) return
    outbox.told(id, job.id, webhook)
    wakeup.notify('webhooks')
  }

  const save = (row: MemoryRow, step: Step): Job => {
    const before = row.job
    const change = changeOf(before, step, clock.now())
    if (change.isObjectMade) orphans.abandonAll(change.job.target)
    row.job = change.job
    row.parts = partsAfter(row.parts, change.parts, (id) => rows.get(id)?.parts ?? [])
    orphans.changed(before, change)
    if (change.told !== null) tell(change.job, change.told)
    batches.moved(before, change)
    return change.job
  }

  const orphans = createMemoryOrphans({ rows, pages, now: clock.now, save })

  const held = (lease: Lease): MemoryRow | null => {
    const row = rows.get(lease.jobId)
    return row !== undefined && row.epoch === lease.epoch && row.leaseUntil !== null ? row : null
  }

  const unlease = (row: MemoryRow, step: Step): Job => {
    row.leaseUntil = null
    return save(row, step)
  }

  const rivalOf = ({ target }: Pick<Job, 'target'>): string | null =>
    bySeq().find(
      (other) =>
        !isSettled(other.job.state) &&
        other.job.target.endpoint === target.endpoint &&
        other.job.target.bucket === target.bucket &&
        other.job.target.key === target.key,
    )?.job.id ?? null

  const hasRoom = (jobs: number, mostQueued: number | null): boolean =>
    mostQueued === null || bySeq().filter(({ job }) => job.state === 'queued').length + jobs <= mostQueued

  const insert = (request: NewJob, idempotency: IdempotencyKey | null, by: string | null): Job => {
    const change = changeOf(null, { ...createJob(request, clock.now()), by }, clock.now())
    const { job, told } = change
    rows.set(job.id, {
      seq: ++lastSeq,
      notBefore: job.notBefore,
      idempotency,
      job,
      parts: [],
      epoch: 0,
      leaseUntil: null,
    })
    orphans.bucketUsed(job.target.bucket)
    batches.moved(null, change)
    if (told !== null) tell(job, told)
    return job
  }

  const verbs = createMemoryVerbs({
    now: clock.now,
    pages: { pageOf, startOf },
    jobsBySeq: bySeq,
    save: (row, step) => save(row as MemoryRow, step),
    rivalOf,
    batchChanged: (batchId) => batches.verbsChanged(batchId),
    isPaused: (batchId) => batches.isPaused(batchId),
  })

  const batches = createMemoryBatches({
    now: clock.now,
    log,
    pages: { pageOf, startOf },
    jobsBySeq: bySeq,
    verbs,
    rivalOf,
    hasRoom,
    insert: (request, by) => void insert(request, null, by),
    drop: (row, by) => drop(row as MemoryRow, by),
  })

  const drop = ({ job }: MemoryRow, by: string | null): void => {
    rows.delete(job.id)
    orphans.removed(job)
    outbox.jobGone()
    batches.jobDeleted(job)
    tell(job, toldOf(job, 'job.deleted', clock.now(), by))
  }

  const clockMoved = (by: number): void => {
    outbox.clockMoved(by)
    for (const row of rows.values()) {
      if (row.leaseUntil !== null) row.leaseUntil += by
      const { waiting, dueAt } = row.job
      if (dueAt !== null && waiting !== 'notBefore') row.job = { ...row.job, dueAt: dueAt + by }
    }
  }

  const uploads = createMemoryUploads({ held, save, orphans, log, now: clock.now })

  const operations: MemoryOperations = {
    ...outbox.operations,

    submit: (request, idempotency, by, mostQueued = null) => {
      const known = idempotency && bySeq().find((row) => row.idempotency?.key === idempotency.key)
      if (known) {
        const same = known.idempotency?.fingerprint === idempotency.fingerprint
        return same ? { kind: 'replayed', job: known.job } : { kind: 'mismatch' }
      }
      const rival = rivalOf(request)
      if (rival !== null) return { kind: 'target_busy', jobId: rival }
      if (!hasRoom(1, mostQueued)) return { kind: 'queue_full' }
      if (rows.has(request.id)) throw new Error('the job id is taken')
      return { kind: 'created', job: insert(request, idempotency, by ?? null) }
    },

    findByIdempotencyKey: (key) => {
      const row = bySeq().find((candidate) => candidate.idempotency?.key === key)
      return row?.idempotency ? { fingerprint: row.idempotency.fingerprint, job: row.job } : null
    },

    claim: ({ limit, leaseMs, pairLimit = limit, quotas = [] }) => {
      const now = clock.now()
      for (const row of bySeq()) {
        if (row.leaseUntil !== null && row.leaseUntil <= now) {
          unlease(row, crashRun(row.job, now))
        }
      }
      const claims = claimOrder(bySeq(), { now, limit, pairLimit, quotas }).map((row) => {
        row.epoch++
        row.leaseUntil = now + leaseMs
        const job = save(row, startRun(row.job, now))
        return { lease: { jobId: job.id, epoch: row.epoch }, job }
      })
      const dueAts = bySeq().flatMap(({ job }) => (job.dueAt !== null && job.dueAt > now ? [job.dueAt] : []))
      return { claims, nextDueInMs: dueAts.length === 0 ? null : Math.min(...dueAts) - now }
    },

    heartbeat: (leases, leaseMs) =>
      leases.map((lease) => {
        const row = held(lease)
        if (row !== null) row.leaseUntil = clock.now() + leaseMs
        const job = rows.get(lease.jobId)?.job
        const tuning = job === undefined ? null : tuningOf(job)
        return { jobId: lease.jobId, held: row !== null, desired: job?.desired ?? 'run', tuning }
      }),

    release: (lease, release) => {
      const row = held(lease)
      return row === null ? 'fenced' : unlease(row, endRun(row.job, release, clock.now()))
    },

    ...uploads,

    control: (jobId, request, by) => {
      const row = rows.get(jobId)
      if (row === undefined) return { kind: 'not_found' }
      const step = controlStep(row.job, request, clock.now())
      if (step === 'invalid_state') return { kind: 'invalid_state', state: row.job.state }
      verbs.leaveAlone(row, request.verb)
      if (step.job === row.job) return { kind: 'ok', job: row.job }
      const rival = request.verb === 'retry' ? rivalOf(row.job) : null
      if (rival !== null) return { kind: 'target_busy', jobId: rival }
      return { kind: 'ok', job: save(row, { ...step, by: by ?? null }) }
    },

    change: (jobId, changes, ifVersions, by) => {
      const row = rows.get(jobId)
      if (row === undefined) return { kind: 'not_found' }
      const { version, state } = row.job
      if (ifVersions !== null && !ifVersions.includes(version)) return { kind: 'precondition_failed', version }
      const step = changeJob(row.job, changes)
      return step === 'invalid_state'
        ? { kind: step, state }
        : { kind: 'ok', job: save(row, { ...step, by: by ?? null }) }
    },

    remove: (jobId, by) => {
      const row = rows.get(jobId)
      if (row === undefined) return 'not_found'
      if (!isSettled(row.job.state)) return 'invalid_state'
      drop(row, by ?? null)
      return 'ok'
    },

    get: (jobId) => rows.get(jobId)?.job ?? null,

    list: (filter, { limit, cursor }) => {
      const before = startOf('jobs', cursor, Number.MAX_SAFE_INTEGER)
      const found = bySeq()
        .reverse()
        .filter((row) => row.seq < before && matches(row.job, filter))
      const page = pageOf('jobs', found, limit, (row) => row.seq)
      return { items: page.items.map((row) => row.job), nextCursor: page.nextCursor }
    },

    countJobs: (filter, cursor) => {
      startOf('countJobs', cursor, 0)
      const found = bySeq().filter((row) => matches(row.job, filter))
      const count = (state: JobState): number => found.filter(({ job }) => job.state === state).length
      const pending = found.filter(({ job }) => !isSettled(job.state))
      const counts = { completed: count('completed'), failed: count('failed'), cancelled: count('cancelled') }
      return { pending: pending.length, ...counts, newestPending: pending.at(-1)?.job.id ?? null, nextCursor: null }
    },

    parts: (jobId, { limit, cursor }) => {
      const after = startOf('parts', cursor, 0)
      const found = (rows.get(jobId)?.parts ?? []).filter((part) => part.partNumber > after)
      return pageOf('parts', found, limit, (part) => part.partNumber)
    },

    lastEventId: log.lastId,

    eventsAfter: (after, filter, limit) => log.after(after, filter, limit),

    ...orphans.operations,
    ...batches.operations,
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
      const chosen = prunedFirst([...rows.values()], before, limit)
      for (const { job } of chosen) {
        rows.delete(job.id)
        orphans.removed(job)
        if (job.batchId !== null && batches.stays(job.batchId, before)) batches.jobDeleted(job)
      }
      outbox.jobGone()
      return { jobs: chosen.length, events: log.prune(before, limit), batches: batches.prune(before, limit) }
    },

    stats: () => statsOf([...rows.values()], outbox.all(), clock.now()),

    check: () => undefined,
  }
  return createStoreOf(operations, { ...deps, clockMoved, lastEventId: log.lastId })
}
