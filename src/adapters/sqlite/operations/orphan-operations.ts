import { encodeCursor } from '../../../core/cursor.js'
import type { JobState } from '../../../core/job.js'
import { abandonUpload, clearLeftover, leftByCancel } from '../../../core/job-steps.js'
import type { AbandonRequest, InitiateWindow, OrphanStore, UploadTrace } from '../../../ports/store.js'
import type { UploadRef } from '../../../ports/target.js'
import type { Ledger } from '../jobs/job-writer.js'
import { startOf } from '../jobs/list-jobs.js'
import { type AbandonedRow, abandonedOf, type JobRow, jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

/** What is left of uploads in OSS. */
export const createOrphanOperations = (ledger: Ledger): Operations<keyof OrphanStore> => {
  const { statements, instance } = ledger

  const initiatesOf = ({ bucket, key }: UploadRef): readonly InitiateWindow[] => {
    const rows = statements.initiatesOfKey.all({ bucket, key }) as {
      job_id: string
      began_at: number
      ended_at: number | null
    }[]
    return rows.map((row) => ({ jobId: row.job_id, beganAt: row.began_at, endedAt: row.ended_at }))
  }

  const traceOf = (upload: UploadRef): UploadTrace => {
    const { bucket, key, uploadId } = upload
    const job = statements.jobOfUpload.get({ bucket, key, upload_id: uploadId }) as
      | { id: string; state: JobState }
      | undefined
    if (job !== undefined) return { kind: 'job', jobId: job.id, state: job.state }
    const abandoned = statements.abandonedByUploadId.get(uploadId) as AbandonedRow | undefined
    if (abandoned?.bucket === bucket && abandoned.key === key) return { kind: 'abandoned', jobId: abandoned.job_id }
    return { kind: 'unknown', initiates: initiatesOf(upload) }
  }

  const chosen = (request: AbandonRequest): readonly JobRow[] => {
    if ('limit' in request) {
      const { settledBefore: before, limit } = request
      return statements.unfinishedUploads.all({ before, limit }) as JobRow[]
    }
    const row = ledger.job(request.jobId)
    return row?.upload_id === request.uploadId ? [row] : []
  }

  return {
    buckets: () => (statements.bucketNames.all() as { name: string }[]).map(({ name }) => name),

    traceUploads: (_at, uploads) => uploads.map(traceOf),

    abandonUploads: (at, request) => {
      let count = 0
      for (const row of chosen(request)) {
        const step = abandonUpload(jobOf(row))
        if (step === null) continue
        statements.insertAbandoned.run(row)
        ledger.save(row, step, at)
        count++
      }
      return count
    },

    abandonedUploads: (_at, { limit, cursor }) => {
      const after = cursor === null ? 0 : startOf(ledger, 'abandoned', cursor)
      const rows = statements.abandonedAfter.all(after, limit + 1) as AbandonedRow[]
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      const more = rows.length > limit && last !== undefined
      return { items: items.map(abandonedOf), nextCursor: more ? encodeCursor('abandoned', instance, last.seq) : null }
    },

    forgetAbandoned: (at, uploadId) => {
      const abandoned = statements.abandonedByUploadId.get(uploadId) as AbandonedRow | undefined
      if (abandoned === undefined) return
      statements.deleteAbandoned.run(uploadId)
      const row = ledger.job(abandoned.job_id)
      const job = row === null ? null : jobOf(row)
      if (row !== null && job !== null && leftByCancel(job) === uploadId) ledger.save(row, clearLeftover(job), at)
    },

    forgetInitiates: (_at, before, limit) => statements.forgetInitiates.run({ before, limit }).changes,
  }
}
