import type SqliteDatabase from 'better-sqlite3'
import type { EventType } from '../../../core/event.js'
import type { Job, JobState, JobTarget } from '../../../core/job.js'
import { type Change, changeOf, countedOf, removalOf, type Told, toldOf } from '../../../core/job-changes.js'
import { abandonUpload, type PartsChange, type Step } from '../../../core/job-steps.js'
import type { UploadedPart } from '../../../core/part.js'
import type { PartView } from '../../../core/part-view.js'
import type { Lease } from '../../../ports/lease.js'
import { countedRow, type JobRow, jobOf, noJob } from '../sql/rows.js'
import { prepareStatements, type Statements } from '../sql/statements.js'
import { type BatchEvents, createBatchEvents } from './batch-events.js'
import { createJobCounters, type JobCounters, withCounters } from './job-counters.js'
import { createPlaces, type Places } from './places.js'
import { createSaveChanges } from './save-changes.js'

/** This says which node holds a job after a step. When it is absent, the lease stays as it was read. */
export interface LeaseChange {
  readonly epoch: number
  readonly node: string | null
  readonly until: number | null
}

/** The operations share this: the statements, and the one way in which a step and its event are written. */
export interface JobWriter {
  readonly database: SqliteDatabase.Database
  readonly statements: Statements
  readonly counters: JobCounters
  readonly places: Places
  /** Event ids and cursors of this database begin with this text. */
  readonly instance: string
  job(id: string): JobRow | null
  /** Returns the job's row while the lease holds; null when it is fenced. */
  held(lease: Lease): JobRow | null
  /** Writes the step and everything that it causes. */
  save(row: JobRow, step: Step, at: number, lease?: LeaseChange): Job
  /** Writes a step that ends the lease. */
  saveUnleased(row: JobRow, step: Step, at: number): Job
  /** Lets a failed job give up the upload that it has in OSS. Returns false when it has none. */
  abandon(row: JobRow, at: number): boolean
  /** Appends an event of the job and its message for the outbox. */
  tell(job: Job, told: Told, at: number): void
  /**
   * Appends an event that shows the job, and what its webhook tells of it. `by` is the name of the token that made the
   * request.
   */
  appendJob(job: Job, type: EventType, at: number, by?: string | null): void
  /** Deletes a settled job. A batch that stays behind can still tell what it was. */
  deleteJob(job: Job): void
  /** Deletes a settled job whose batch goes too, or that has none. */
  dropJob(job: { readonly id: string; readonly state: JobState }): void
  append(job: Pick<Job, 'id' | 'batchId'>, type: EventType, body: object, at: number, by?: string | null): number
  readonly batches: BatchEvents
  /**
   * Writes what the steps of a transaction caused together: the counters, and the end of batches. Whoever commits calls
   * it first.
   */
  concludeSteps(): void
  /** Forgets what was to be concluded, because the steps were rolled back. */
  forgetSteps(): void
  /** Returns whether events were appended since the last call. */
  tookEvents(): boolean
  /** Returns whether messages were put into the outbox of webhooks since the last call. */
  tookWebhooks(): boolean
}

export const createJobWriter = (database: SqliteDatabase.Database): JobWriter => {
  const prepared = prepareStatements(database)
  const counters = createJobCounters(prepared)
  const statements = withCounters(prepared, counters)
  const { value: instance } = statements.metaValue.get('instance') as { value: string }
  const places = createPlaces(prepared)
  const saveChanges = createSaveChanges(database)
  /** These batches may be over, each with the instant of the step. */
  const settled = new Map<string, number>()
  let appended = false
  let webhooks = false

  const job = (id: string): JobRow | null => (statements.jobById.get(id) as JobRow | undefined) ?? null

  const append: JobWriter['append'] = (of, type, body, at, by = null) => {
    const { lastInsertRowid } = statements.insertEvent.run(at, type, of.id, of.batchId, by, JSON.stringify(body))
    appended = true
    return Number(lastInsertRowid)
  }

  const tell = (job: Job, { event, webhook }: Told, at: number): void => {
    const n = append(job, event.type, event.job, at, event.by)
    if (webhook === null) return
    statements.insertWebhook.run({ ...webhook, n, job_id: job.id, at })
    webhooks = true
  }

  const batches = createBatchEvents(statements, (type, batchId, body, at, by) => {
    statements.insertEvent.run(at, type, noJob, batchId, by, JSON.stringify(body))
    appended = true
  })

  const dropJob: JobWriter['dropJob'] = ({ id, state }) => {
    // Triggers keep the upload that the job leaves, and end its Initiate.
    statements.deleteJob.run(id)
    counters.countGone(state)
  }

  const deleteJob: JobWriter['deleteJob'] = (job) => {
    const { note } = removalOf(job)
    if (note !== null) statements.insertDeletedJob.run({ batch_id: job.batchId, job: JSON.stringify(note) })
    dropJob(job)
  }

  const changeParts = (jobId: string, change: PartsChange): void => {
    switch (change.kind) {
      case 'reset':
        statements.resetParts.run(jobId)
        return
      case 'proven':
        statements.markPartUploaded.run({ job_id: jobId, ...uploadedColumnsOf(change.part, change.uploadedAt) })
        return
      default:
        statements.deleteParts.run(jobId)
    }
    if (change.kind === 'inherited') statements.copyParts.run({ from: change.jobId, to: jobId })
    if (change.kind !== 'planned') return
    for (const { partNumber, offset, size } of change.parts) statements.insertPart.run(jobId, partNumber, offset, size)
  }

  const changeInitiate = (
    { id: job_id, target: { bucket, key } }: Job,
    change: Change['initiate'],
    at: number,
  ): void => {
    if (change === 'begun') {
      statements.beginInitiate.run({ job_id, bucket, key, at })
      return
    }
    if (change === 'answered') statements.forgetAnswered.run(job_id)
    if (change !== null) statements.endInitiate.run({ job_id, at })
  }

  const abandonOthers = ({ bucket, key, endpoint }: JobTarget, at: number): void => {
    for (const row of statements.leftUploadsOfTarget.all({ bucket, key, endpoint }) as JobRow[]) abandon(row, at)
  }

  const save = (row: JobRow, step: Step, at: number, lease?: LeaseChange): Job => {
    const change = changeOf(row, step, at)
    const { job } = change
    if (change.isObjectMade) abandonOthers(job.target, at)
    saveChanges(row, job, {
      epoch: lease === undefined ? row.epoch : lease.epoch,
      lease_node: lease === undefined ? row.lease_node : lease.node,
      lease_until: lease === undefined ? row.lease_until : lease.until,
    })
    counters.count(row.batch_id, countedRow(row), countedOf(job))
    if (change.parts !== null) changeParts(job.id, change.parts)
    if (change.leavesUpload) statements.insertAbandoned.run(row)
    if (change.initiate !== null) changeInitiate(job, change.initiate, at)
    if (change.told !== null) tell(job, change.told, at)
    if (change.batch === 'settled') settled.set(row.batch_id as string, at)
    if (change.batch === 'reopened') batches.reopen(row.batch_id as string)
    return lease === undefined || lease.node === job.node ? job : { ...job, node: lease.node }
  }

  const abandon = (row: JobRow, at: number): boolean => {
    const step = abandonUpload(jobOf(row))
    if (step !== null) save(row, step, at)
    return step !== null
  }

  return {
    database,
    statements,
    counters,
    places,
    instance,
    job,
    held: (lease) => {
      const row = job(lease.jobId)
      return row !== null && row.epoch === lease.epoch && row.lease_until !== null ? row : null
    },
    save,
    saveUnleased: (row, step, at) => save(row, step, at, { epoch: row.epoch, node: null, until: null }),
    abandon,
    tell,
    appendJob: (job, type, at, by) => tell(job, toldOf(job, type, at, by), at),
    deleteJob,
    dropJob,
    append,
    batches,
    concludeSteps: () => {
      for (const [batchId, at] of settled) batches.settle(batchId, at)
      settled.clear()
      counters.write()
    },
    forgetSteps: () => {
      settled.clear()
      counters.forget()
      places.forget()
    },
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
export const appendPartUploaded = (writer: JobWriter, row: JobRow, part: PartView, at: number): void =>
  void writer.append({ id: row.id, batchId: row.batch_id }, 'part.uploaded', part, at)

/** Takes a step on a leased job, or returns `fenced`. */
export const takeFenced = (writer: JobWriter, lease: Lease, at: number, take: (job: Job) => Step): Job | 'fenced' => {
  const row = writer.held(lease)
  return row === null ? 'fenced' : writer.save(row, take(jobOf(row)), at)
}

/** Returns the columns that say how a part was uploaded. */
export const uploadedColumnsOf = (part: UploadedPart, uploadedAt: number) => ({
  part_number: part.partNumber,
  etag: part.etag,
  crc64: part.crc64,
  proven: part.proven ? 1 : 0,
  attempts: part.attempts,
  uploaded_at: uploadedAt,
})
