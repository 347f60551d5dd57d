import { countColumns, newColumnNames } from './batch-rows.js'
import { jobRow } from './rows.js'

const batchColumns = `
    b.*, c.queued, c.running, c.completing, c.paused, c.failed, c.cancelling, c.completed, c.cancelled, c.skipped,
    c.bytes_total, c.bytes_uploaded,
    (SELECT nodes.id FROM nodes WHERE nodes.n = b.place) AS place_id,
    (SELECT json_group_array(v.verb) FROM bulk_verbs AS v INDEXED BY bulk_verbs_batch
      WHERE v.batch_id = b.id AND v.finished_at IS NULL) AS underway
  FROM batches AS b JOIN batch_counts AS c ON c.batch_id = b.id`

/** These are the statements about batches. They are part of `sql` in statements.ts. */
export const batchSql = {
  batchById: `SELECT ${batchColumns} WHERE b.id = ? AND b.forgotten = 0`,
  batchByIdempotencyKey: `SELECT ${batchColumns} WHERE b.idempotency_key = ?`,
  batchesBefore: `SELECT ${batchColumns} WHERE b.seq < ? AND b.forgotten = 0 ORDER BY b.seq DESC LIMIT ?`,

  batchesAtWork: `
    SELECT b.id FROM batches AS b INDEXED BY batches_unfinished
    WHERE b.finished_at IS NULL AND (b.walk = 'going' OR EXISTS (
      SELECT 1 FROM bulk_verbs INDEXED BY bulk_verbs_batch WHERE batch_id = b.id AND bulk_verbs.finished_at IS NULL))
    ORDER BY b.seq`,

  insertBatch: `
    INSERT INTO batches (${newColumnNames.join(', ')}, place, idempotency_key, idempotency_fingerprint)
    VALUES (${newColumnNames.map((name) => `:${name}`).join(', ')}, :place, :idempotency_key, :idempotency_fingerprint)`,

  saveBatch: `
    UPDATE batches SET
      desired = :desired, walk = :walk, listed = :listed, finished_at = :finished_at
    WHERE id = :id`,

  // This runs in each transaction in which jobs of the batch settle, and changes a row only in the last of them.
  finishBatch: `
    UPDATE batches SET finished_at = :at
    WHERE id = :id AND forgotten = 0 AND finished_at IS NULL AND walk <> 'going'
      AND NOT EXISTS (
        SELECT 1 FROM bulk_verbs INDEXED BY bulk_verbs_batch WHERE batch_id = :id AND bulk_verbs.finished_at IS NULL
      )
      AND NOT EXISTS (
        SELECT 1 FROM batch_counts
        WHERE batch_id = :id AND queued + running + completing + paused + cancelling > 0
      )`,
  reopenBatch: 'UPDATE batches SET finished_at = NULL WHERE id = ? AND forgotten = 0 AND finished_at IS NOT NULL',

  // The key can be used again at once.
  forgetBatch: `
    UPDATE batches SET forgotten = 1, idempotency_key = NULL, idempotency_fingerprint = NULL WHERE id = ?`,
  isForgotten: 'SELECT id FROM batches WHERE id = ? AND forgotten = 1',
  // The comparison `seq > 0` lets SQLite search in the index instead of walking through it.
  forgottenBatches: `
    SELECT id FROM batches INDEXED BY batches_forgotten
    WHERE forgotten = 1 AND seq > 0 ORDER BY seq LIMIT ?`,
  settledJobsOfBatch: `
    SELECT ${jobRow} FROM jobs INDEXED BY jobs_batch
    WHERE batch_id = :batch_id AND finished_at IS NOT NULL LIMIT :limit`,
  anyJobOfBatch: 'SELECT id FROM jobs INDEXED BY jobs_batch WHERE batch_id = ? LIMIT 1',

  // The note is written only while there is a batch to tell of the job.
  insertDeletedJob: `
    INSERT INTO batch_deleted_jobs (batch_id, job)
    SELECT id, :job FROM batches WHERE id = :batch_id AND forgotten = 0`,
  deletedJobsAfter: `
    SELECT n, job FROM batch_deleted_jobs INDEXED BY batch_deleted_jobs_batch
    WHERE batch_id = ? AND n > ? ORDER BY n LIMIT ?`,
  dropDeletedJobs: `
    DELETE FROM batch_deleted_jobs WHERE n IN (
      SELECT n FROM batch_deleted_jobs INDEXED BY batch_deleted_jobs_batch WHERE batch_id = ? LIMIT ?)`,

  desireOfBatch: 'SELECT desired FROM batches WHERE id = ?',

  insertBatchFile: 'INSERT INTO batch_files (batch_id, n, path, key) VALUES (?, ?, ?, ?)',
  batchFiles: 'SELECT path, key FROM batch_files WHERE batch_id = ? AND n >= ? ORDER BY n LIMIT ?',

  dropBatchFiles: 'DELETE FROM batch_files WHERE batch_id = ? AND n < ?',

  insertBatchProblem: `
    INSERT OR IGNORE INTO batch_problems (batch_id, path, code, message, job_id)
    VALUES (:batch_id, :path, :code, :message, :job_id)`,
  batchProblemsAfter: `
    SELECT n, path, code, message, job_id FROM batch_problems INDEXED BY batch_problems_batch
    WHERE batch_id = ? AND n > ? ORDER BY n LIMIT ?`,
  // A walk has met the file again, and nothing was in its way any more.
  deleteBatchProblems: 'DELETE FROM batch_problems WHERE batch_id = ? AND path = ?',

  insertPlannedFile: `
    INSERT OR IGNORE INTO batch_planned_files (batch_id, path, key, size) VALUES (:batch_id, :path, :key, :size)`,
  plannedFile: 'SELECT path FROM batch_planned_files WHERE batch_id = ? AND key = ?',
  plannedFilesAfter: `
    SELECT n, path, key, size FROM batch_planned_files INDEXED BY batch_planned_files_batch
    WHERE batch_id = ? AND n > ? ORDER BY n LIMIT ?`,

  // A batch is deleted after its last job, because its jobs would otherwise belong to no batch.
  finishedBatches: `
    SELECT id FROM batches INDEXED BY batches_finished
    WHERE finished_at IS NOT NULL AND finished_at < :before
      AND NOT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_batch WHERE batch_id = batches.id AND batch_id IS NOT NULL)
    ORDER BY finished_at LIMIT :limit`,
  deletePlannedFiles: `
    DELETE FROM batch_planned_files WHERE n IN (
      SELECT n FROM batch_planned_files INDEXED BY batch_planned_files_batch WHERE batch_id = ? LIMIT ?)`,
  deleteProblems: `
    DELETE FROM batch_problems WHERE n IN (
      SELECT n FROM batch_problems INDEXED BY batch_problems_batch WHERE batch_id = ? LIMIT ?)`,
  deleteListedFiles: `
    DELETE FROM batch_files WHERE batch_id = :id AND n IN (SELECT n FROM batch_files WHERE batch_id = :id LIMIT :limit)`,
  deleteBatch: 'DELETE FROM batches WHERE id = ?',

  countFound: `
    UPDATE batches SET seen = seen + :files + :problems, problems = problems + :problems
    WHERE id = :id`,
  countInBatch: `
    UPDATE batch_counts SET ${countColumns.map((name) => `${name} = ${name} + :${name}`).join(', ')}
    WHERE batch_id = :batch_id`,
  countPlannedBytes: 'UPDATE batch_counts SET bytes_total = bytes_total + ? WHERE batch_id = ?',

  jobOfBatchByKey: `
    SELECT id, source_path FROM jobs INDEXED BY jobs_batch_key
    WHERE batch_id = ? AND key = ?`,
} as const
