import type { Tuning, Waiting } from '../../../core/job.js'
import { completeJob } from '../../../core/job-ends.js'
import { crashRun, endRun, startRun } from '../../../core/job-steps.js'
import type { Lease } from '../../../ports/lease.js'
import type { Claim, HeartbeatAnswer } from '../../../ports/queue-store.js'
import { hasRoom, insertJob, rivalOf } from '../jobs/insert-job.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { createReadyJobs } from '../jobs/ready-jobs.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import type { Statements } from '../sql/statements.js'
import type { Operations } from '../thread/protocol.js'

/** One claim moves at most so many jobs that become due into the ready queue. The next claim goes on. */
const promotionStep = 1000

/** Returns what a run has to know of its job. */
export const desireOf = (
  { desireOfJob }: Pick<Statements, 'desireOfJob'>,
  { jobId, epoch }: Lease,
  isHeld: boolean,
): HeartbeatAnswer => {
  const job = desireOfJob.get(jobId) as (Pick<JobRow, 'desired'> & Tuning) | undefined
  if (job === undefined) return { jobId, epoch, held: false, desired: 'run', tuning: null }
  const { desired, ...tuning } = job
  return { jobId, epoch, held: isHeld, desired, tuning }
}

/** Creates the operations for submits, for claims, and for the leases of the nodes that work. */
export const createQueueOperations = (writer: JobWriter) => {
  const { statements } = writer
  const readyJobs = createReadyJobs(statements)

  const byIdempotencyKey = (key: string): JobRow | undefined =>
    statements.jobByIdempotencyKey.get(key) as JobRow | undefined

  const promoteDueJobs = (now: number): void => {
    const due = { now, limit: promotionStep }
    const jobs = statements.dueJobs.all(due) as { waiting: Waiting; bytes: number }[]
    if (jobs.length === 0) return
    statements.promoteDueJobs.run(due)
    for (const { waiting, bytes } of jobs) writer.counters.countReady(waiting, bytes)
  }

  return {
    submit: (at, request, idempotency, by, mostQueued = null) => {
      const known = idempotency === null ? undefined : byIdempotencyKey(idempotency.key)
      if (known !== undefined) {
        return known.idempotency_fingerprint === idempotency?.fingerprint
          ? { kind: 'replayed', job: jobOf(known) }
          : { kind: 'mismatch' }
      }
      const rival = rivalOf(writer, request)
      if (rival !== null) return { kind: 'target_busy', jobId: rival }
      if (!hasRoom(writer, 1, mostQueued)) return { kind: 'queue_full' }
      insertJob(writer, request, idempotency, by ?? null, at)
      return { kind: 'created' }
    },

    findByIdempotencyKey: (_at, key) => {
      const row = byIdempotencyKey(key)
      if (row === undefined || row.idempotency_fingerprint === null) return null
      return { fingerprint: row.idempotency_fingerprint, job: jobOf(row) }
    },

    claim: (at, { node, leaseMs, ...limits }) => {
      for (const row of statements.expiredLeases.all(at) as JobRow[]) {
        writer.saveUnleased(row, crashRun(jobOf(row), at), at)
      }
      promoteDueJobs(at)
      const claims = readyJobs(at, { ...limits, place: writer.places.find(node) }).map((seq): Claim => {
        const row = statements.jobBySeq.get(seq) as JobRow
        const epoch = row.epoch + 1
        const job = writer.save(row, startRun(jobOf(row), at), at, { epoch, node, until: at + leaseMs })
        return { lease: { jobId: job.id, epoch }, job }
      })
      const next = statements.nextDueJob.get() as { due_at: number } | undefined
      return { claims, nextDueInMs: next === undefined ? null : Math.max(0, next.due_at - at) }
    },

    heartbeat: (at, leases, leaseMs) =>
      leases.map((lease) => {
        const { jobId: id, epoch } = lease
        const { changes } = statements.renewLease.run({ id, epoch, until: at + leaseMs })
        return desireOf(statements, lease, changes === 1)
      }),

    release: (at, lease, release) => {
      const row = writer.held(lease)
      return row === null ? 'fenced' : writer.saveUnleased(row, endRun(jobOf(row), release, at), at)
    },

    finishPuts: (at, results) =>
      results.map(({ lease, receipt }) => {
        const row = writer.held(lease)
        if (row === null) return 'fenced'
        writer.saveUnleased(row, completeJob(jobOf(row), 'uploaded', receipt, at), at)
        return 'done'
      }),
  } satisfies Partial<Operations>
}
