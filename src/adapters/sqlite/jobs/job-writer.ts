import type SqliteDatabase from 'better-sqlite3'
import type { EventType } from '../../../core/event.js'
import { isSettled, type Job } from '../../../core/job.js'
import { initiateChange, type Step } from '../../../core/job-steps.js'
import { answerJob, viewJob } from '../../../core/job-view.js'
import type { PartView } from '../../../core/part-view.js'
import { webhookBody, webhookHost } from '../../../core/webhook.js'
import type { Lease } from '../../../ports/lease.js'
import { changingColumnsOf, type JobRow, jobOf, noJob } from '../sql/rows.js'
import { prepareStatements, type Statements } from '../sql/statements.js'
import { type BatchEvents, createBatchEvents } from './batch-events.js'
import { createSaveChanges } from './save-changes.js'

/** Who holds a job after a step. Without it the lease stays as it was read. */
export interface LeaseChange {
  readonly epoch: number
  readonly node: string | null
  readonly until: number | null
}

/** What the operations share: the statements, and the one way in which a step and its event are written. */
export interface Ledger {
  readonly database: SqliteDatabase.Database
  readonly statements: Statements
  /** Begins event ids and cursors of this database. */
  readonly instance: string
  job(id: string): JobRow | null
  /** The job's row while the lease holds; null when it is fenced. */
  held(lease: Lease): JobRow | null
  /** Writes the job, its parts' fate and its event. */
  save(row: JobRow, step: Step, at: number, lease?: LeaseChange): Job
  /** Writes a step that ends the lease. */
  saveUnleased(row: JobRow, step: Step, at: number): Job
  /** Appends an event that shows the job, and what its webhook tells of it. `by`: the name of the token whose request it was. */
  appendJob(job: Job, type: EventType, at: number, by?: string | null): void
  /** Deletes a settled job. A batch that stays behind can still tell what it was. */
  deleteJob(job: Job): void
  append(job: Pick<Job, 'id' | 'batchId'>, type: EventType, body: object, at: number, by?: string | null): number
  readonly batches: BatchEvents
  /** Whether events were appended since it was last asked. */
  tookEvents(): boolean
  /** Whether messages were put into the outbox of webhooks since it was last asked. */
  tookWebhooks(): boolean
}

export const createLedger = (database: SqliteDatabase.Database): Ledger => {
  const statements = prepareStatements(database)
  const { value: instance } = statements.metaValue.get('instance') as { value: string }
  const saveChanges = createSaveChanges(database)
  let appended = false
  let webhooks = false

  const job = (id: string): JobRow | null => (statements.jobById.get(id) as JobRow | undefined) ?? null

  const append: Ledger['append'] = (of, type, body, at, by = null) => {
    const { lastInsertRowid } = statements.insertEvent.run(at, type, of.id, of.batchId, by, JSON.stringify(body))
    appended = true
    return Number(lastInsertRowid)
  }

  const appendJob: Ledger['appendJob'] = (job, type, at, by) => {
    const view = viewJob(job)
    const n = append(job, type, view, at, by)
    const { webhook } = job.options
    if (webhook === undefined || !webhook.events.includes(type)) return
    const { url } = webhook
    const body = webhookBody(type, at, view)
    statements.insertWebhook.run({ n, job_id: job.id, type, url, host: webhookHost(url), body, at })
    webhooks = true
  }

  const batches = createBatchEvents(statements, (type, batchId, body, at, by) => {
    statements.insertEvent.run(at, type, noJob, batchId, by, JSON.stringify(body))
    appended = true
  })

  const deleteJob: Ledger['deleteJob'] = (job) => {
    if (job.batchId !== null) {
      statements.insertDeletedJob.run({ batch_id: job.batchId, job: JSON.stringify(answerJob(job)) })
    }
    statements.deleteJob.run(job.id)
  }

  /** The batch of a job that settled may be over, that of one that is open again is not. */
  const followBatch = (batchId: string, before: Job['state'], after: Job['state'], at: number): void => {
    if (isSettled(before) === isSettled(after)) return
    if (isSettled(after)) batches.settle(batchId, at)
    else batches.reopen(batchId)
  }

  const save = (row: JobRow, step: Step, at: number, lease?: LeaseChange): Job => {
    saveChanges(row, changingColumnsOf(step.job), {
      epoch: lease === undefined ? row.epoch : lease.epoch,
      lease_node: lease === undefined ? row.lease_node : lease.node,
      lease_until: lease === undefined ? row.lease_until : lease.until,
    })
    if (step.parts === 'dropped') statements.deleteParts.run(row.id)
    if (step.parts === 'reset') statements.resetParts.run(row.id)
    const initiate = initiateChange(row.intent, step.job.intent)
    const subject = { job_id: row.id, at }
    if (initiate === 'begun') statements.beginInitiate.run({ ...subject, bucket: row.bucket, key: row.key })
    if (initiate === 'over') statements.endInitiate.run(subject)
    if (step.event !== null) appendJob(step.job, step.event, at, step.by)
    if (row.batch_id !== null) followBatch(row.batch_id, row.state, step.job.state, at)
    return step.job
  }

  return {
    database,
    statements,
    instance,
    job,
    held: (lease) => {
      const row = job(lease.jobId)
      return row !== null && row.epoch === lease.epoch && row.lease_until !== null ? row : null
    },
    save,
    saveUnleased: (row, step, at) => save(row, step, at, { epoch: row.epoch, node: null, until: null }),
    appendJob,
    deleteJob,
    append,
    batches,
    tookEvents: () => {
      const took = appended
      appended = false
      return took
    },
    tookWebhooks: () => {
      const took = webhooks
      webhooks = false
      return took
    },
  }
}

/** Appends `part.uploaded`, the one event whose body is no job. */
export const appendPartUploaded = (ledger: Ledger, row: JobRow, part: PartView, at: number): void =>
  void ledger.append({ id: row.id, batchId: row.batch_id }, 'part.uploaded', part, at)

/** A step on a leased job, or `fenced`. */
export const takeFenced = (ledger: Ledger, lease: Lease, at: number, take: (job: Job) => Step): Job | 'fenced' => {
  const row = ledger.held(lease)
  return row === null ? 'fenced' : ledger.save(row, take(jobOf(row)), at)
}
