import { type JobState, leftByCancel } from '../../../core/job.js'
import { clearLeftover } from '../../../core/job-steps.js'
import { oldestFirst } from '../../../core/keyset-page.js'
import { takeLeftover } from '../../../core/leftovers.js'
import type { AbandonRequest, InitiateWindow, UploadTrace } from '../../../ports/orphan-store.js'
import type { UploadRef } from '../../../ports/target.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { pageOf } from '../jobs/page.js'
import { type AbandonedRow, abandonedOf, type JobRow, jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

/** So many uploads are removed before a job begins an upload. The janitor removes the others. */
const mostLeft = 10

/** Creates the operations for what is left of uploads in OSS. */
export const createOrphanOperations = (writer: JobWriter) => {
  const { statements } = writer

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

  const chosen = (request: AbandonRequest, at: number): readonly JobRow[] => {
    if ('limit' in request) {
      const { olderThanMs, limit } = request
      return statements.unfinishedUploads.all({ before: at - olderThanMs, limit }) as JobRow[]
    }
    const row = writer.job(request.jobId)
    return row?.upload_id === request.uploadId ? [row] : []
  }

  return {
    buckets: () => (statements.bucketNames.all() as { name: string }[]).map(({ name }) => name),

    traceUploads: (_at, uploads) => uploads.map(traceOf),

    abandonUploads: (at, request) => {
      let count = 0
      for (const row of chosen(request, at)) if (writer.abandon(row, at)) count++
      return count
    },

    takeLeftovers: (at, lease) => {
      const row = writer.held(lease)
      if (row === null) return 'fenced'
      const { bucket, key, endpoint } = row
      let job = jobOf(row)
      for (const other of statements.leftUploadsOfTarget.all({ bucket, key, endpoint }) as JobRow[]) {
        const taken = takeLeftover(job, jobOf(other))
        if (taken === null) continue
        writer.save(other, taken.failed, at)
        if (taken.heir !== null) job = writer.save(row, taken.heir, at)
      }
      const left = statements.abandonedOfTarget.all({ bucket, key, endpoint, limit: mostLeft }) as AbandonedRow[]
      return { job, left: left.map(abandonedOf) }
    },

    abandonedUploads: (_at, request) =>
      pageOf(
        writer,
        {
          list: 'abandoned',
          first: oldestFirst,
          positionOf: ({ seq }) => seq,
          itemOf: abandonedOf,
          rowsBehind: (after, count) => statements.abandonedAfter.all(after, count) as AbandonedRow[],
        },
        request,
      ),

    forgetAbandoned: (at, uploadId) => {
      const abandoned = statements.abandonedByUploadId.get(uploadId) as AbandonedRow | undefined
      if (abandoned === undefined) return
      statements.deleteAbandoned.run(uploadId)
      const row = writer.job(abandoned.job_id)
      const job = row === null ? null : jobOf(row)
      if (row !== null && job !== null && leftByCancel(job) === uploadId) writer.save(row, clearLeftover(job), at)
    },

    forgetInitiates: (at, olderThanMs, limit) =>
      statements.forgetInitiates.run({ before: at - olderThanMs, limit }).changes,
  } satisfies Partial<Operations>
}
