import type SqliteDatabase from 'better-sqlite3'
import { batchSql } from './batch-statements.js'
import { choreSql } from './chore-statements.js'
import { newColumns, tunedColumns } from './job-columns.js'
import { packed } from './packed-jobs.js'
import { prepareQuery, type Query } from './query.js'
import { jobRow } from './rows.js'
import { statsSql } from './stats-statements.js'
import { verbSql } from './verb-statements.js'

// A cancel needs the source only where the object may have been made unseen, or where the source is being removed. Any node
// carries out the others. `:any` is null for a node that takes what every node sees.
const isInSight = `(place = :place OR place IS :any
      OR (state = 'cancelling' AND upload_mode IS NOT 'put' AND intent IS NOT 'complete' AND removal IS NULL))`

/**
 * These are all statements of the store that are not built from a filter (list-jobs.ts, count-jobs.ts and bulk-verbs.ts
 * build the others). INDEXED BY is not a hint: when its index is gone the statement fails to prepare, so a claim can
 * never turn into a walk over a million jobs.
 */
export const sql = {
  jobById: `SELECT ${jobRow} FROM jobs WHERE id = ?`,
  jobBySeq: `SELECT ${jobRow} FROM jobs WHERE seq = ?`,
  jobByIdempotencyKey: `SELECT ${jobRow} FROM jobs WHERE idempotency_key = ?`,

  // Unsettled means `finished_at IS NULL`, as the partial index says.
  rivalOfTarget: `
    SELECT id FROM jobs INDEXED BY jobs_target
    WHERE bucket = :bucket AND key = :key AND endpoint = :endpoint AND finished_at IS NULL
    LIMIT 1`,

  // The order of the columns is that of `newColumns`.
  insertJob: `
    INSERT OR FAIL INTO jobs (${Object.keys(newColumns).join(', ')}, place, idempotency_key, idempotency_fingerprint)
    VALUES (${Object.keys(newColumns)
      .map(() => '?')
      .join(', ')}, ?, ?, ?)`,

  // This writes what a user may change. No step touches these columns, and this statement touches nothing that a step
  // changes.
  changeJob: `
    UPDATE jobs SET ${Object.keys(tunedColumns)
      .map((name) => `${name} = ?`)
      .join(', ')}
    WHERE seq = ?`,

  deleteJob: 'DELETE FROM jobs WHERE id = ?',

  // These two statements go from pair to pair by a seek or two. They do not use one comparison of (endpoint, bucket),
  // because that is planned as a seek too but walks through everything that is equal. They repeat the words of the
  // index's condition, because SQLite could not use the index otherwise.
  nextReadyBucket: `
    SELECT endpoint, bucket FROM jobs INDEXED BY jobs_ready
    WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued')
      AND endpoint = :endpoint AND bucket > :bucket
    ORDER BY bucket LIMIT 1`,

  nextReadyEndpoint: `
    SELECT endpoint, bucket FROM jobs INDEXED BY jobs_ready
    WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued')
      AND endpoint > :endpoint
    ORDER BY endpoint, bucket LIMIT 1`,

  // Cancels come first, because their state sorts before `queued`.
  readyJobsOfPair: `
    SELECT seq, id, state, priority, plain AND runs = 0 AND source_due = 0 AS plain FROM jobs INDEXED BY jobs_ready
    WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued')
      AND endpoint = :endpoint AND bucket = :bucket AND ${isInSight}
    ORDER BY state, priority DESC, seq LIMIT :limit`,

  // This walks the same index backwards.
  readyJobsOfPairReversed: `
    SELECT seq, id, state, priority, plain AND runs = 0 AND source_due = 0 AS plain FROM jobs INDEXED BY jobs_ready
    WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued')
      AND endpoint = :endpoint AND bucket = :bucket AND ${isInSight}
    ORDER BY state DESC, priority, seq DESC LIMIT :limit`,

  cancelsWithoutUpload: `
    SELECT seq FROM jobs INDEXED BY jobs_cancelling
    WHERE state = 'cancelling' AND lease_until IS NULL AND due_at IS NULL AND upload_id IS NULL
      AND upload_mode IS NOT 'put'
    ORDER BY seq LIMIT ?`,

  // A job that never ran settles without a look at its source.
  overdueJobs: `
    SELECT seq FROM jobs INDEXED BY jobs_deadline
    WHERE state = 'queued' AND not_after <= :now AND (place = :place OR place IS NULL OR runs = 0)
    ORDER BY not_after LIMIT :limit`,

  expiredLeases: `SELECT ${jobRow} FROM jobs INDEXED BY jobs_leased WHERE lease_until <= ?`,
  leasedJobs: `SELECT ${jobRow} FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL`,

  // Delayed jobs are no part of the claim's index. They are moved into it when they become due, only so many in a step,
  // because the end of an outage may make a whole backlog due at once. Those of a step are read first, because they are
  // counted.
  dueJobs: `
    SELECT waiting, source_size - bytes_uploaded AS bytes FROM jobs INDEXED BY jobs_due
    WHERE due_at <= :now ORDER BY due_at LIMIT :limit`,
  promoteDueJobs: `
    UPDATE jobs SET waiting = NULL, due_at = NULL
    WHERE seq IN (SELECT seq FROM jobs INDEXED BY jobs_due WHERE due_at <= :now ORDER BY due_at LIMIT :limit)`,

  // When the wall clock was set, durations move along (clock-jumps.ts).
  shiftWaits: `
    UPDATE jobs SET due_at = due_at + :by
    WHERE seq IN (SELECT seq FROM jobs INDEXED BY jobs_due WHERE due_at IS NOT NULL AND waiting <> 'notBefore')`,
  shiftLeases: `
    UPDATE jobs SET lease_until = lease_until + :by
    WHERE seq IN (SELECT seq FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL)`,
  boundWaits: `
    UPDATE jobs SET due_at = :latest
    WHERE seq IN (SELECT seq FROM jobs INDEXED BY jobs_due WHERE due_at > :latest AND waiting <> 'notBefore')`,

  nextDueJob: `
    SELECT due_at FROM jobs INDEXED BY jobs_due
    WHERE due_at IS NOT NULL
    ORDER BY due_at LIMIT 1`,

  renewLease: `
    UPDATE jobs SET lease_until = :until
    WHERE id = :id AND epoch = :epoch AND lease_until IS NOT NULL`,

  desireOfJob: `
    SELECT desired, priority, options ->> '$.parallel' AS parallel, options ->> '$.bandwidth' AS bandwidth,
      not_after AS notAfter
    FROM jobs WHERE id = ?`,
  heldLease: 'SELECT 1 FROM jobs WHERE id = :id AND epoch = :epoch AND lease_until IS NOT NULL',

  insertPart: 'INSERT INTO parts (job_id, part_number, "offset", size) VALUES (?, ?, ?, ?)',

  // The size is part of the guard, so that bytes that are not in the plan are never counted.
  partInPlan: 'SELECT * FROM parts WHERE job_id = :job_id AND part_number = :part_number AND size = :size',

  markPartUploaded: `
    UPDATE parts SET state = 'uploaded', etag = :etag, crc64 = :crc64, proven = :proven, attempts = :attempts,
      uploaded_at = :uploaded_at
    WHERE job_id = :job_id AND part_number = :part_number AND state = 'pending'`,

  correctPart: `
    UPDATE parts SET etag = :etag, crc64 = :crc64, proven = :proven
    WHERE job_id = :job_id AND part_number = :part_number AND state = 'uploaded'`,

  resetParts: `
    UPDATE parts SET state = 'pending', etag = NULL, crc64 = NULL, proven = 0, attempts = 0, uploaded_at = NULL
    WHERE job_id = ? AND state = 'uploaded'`,

  deleteParts: 'DELETE FROM parts WHERE job_id = ?',

  copyParts: `
    INSERT INTO parts (job_id, part_number, "offset", size, state, etag, crc64, proven, attempts, uploaded_at)
    SELECT :to, part_number, "offset", size, state, etag, crc64, proven, attempts, uploaded_at
    FROM parts WHERE job_id = :from`,

  partsOfJob: 'SELECT * FROM parts WHERE job_id = ? AND part_number > ? ORDER BY part_number LIMIT ?',

  insertEvent: 'INSERT INTO events (at, type, job_id, batch_id, actor, body) VALUES (?, ?, ?, ?, ?, ?)',

  // This is not max(n), because the last events may have been pruned although their ids were given.
  lastEventNumber: "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
  oldestEventNumber: 'SELECT min(n) AS n FROM events',

  eventsOfAll: 'SELECT * FROM events WHERE n > :after ORDER BY n LIMIT :limit',

  eventsOfJob: `
    SELECT * FROM events INDEXED BY events_job
    WHERE job_id = :jobId AND n > :after AND (:batchId IS NULL OR batch_id = :batchId)
    ORDER BY n LIMIT :limit`,

  eventsOfBatch: `
    SELECT * FROM events INDEXED BY events_batch
    WHERE batch_id = :batchId AND n > :after
    ORDER BY n LIMIT :limit`,

  // Only one Initiate of a job can be on its way at a time, so a plan that is made over another one changes nothing.
  beginInitiate: `
    INSERT OR IGNORE INTO initiates (job_id, bucket, key, began_at) VALUES (:job_id, :bucket, :key, :at)`,
  endInitiate: `
    UPDATE initiates SET ended_at = :at
    WHERE job_id = :job_id AND ended_at IS NULL`,
  noteUnanswered: 'UPDATE initiates SET unanswered = 1 WHERE job_id = ? AND ended_at IS NULL',
  forgetAnswered: 'DELETE FROM initiates WHERE job_id = ? AND ended_at IS NULL AND unanswered = 0',

  // A failed job sends nothing any more, although its intent stays.
  initiatesOfKey: `
    SELECT i.job_id, i.began_at, coalesce(i.ended_at, j.finished_at) AS ended_at
    FROM initiates AS i INDEXED BY initiates_target LEFT JOIN jobs AS j ON j.id = i.job_id
    WHERE i.bucket = :bucket AND i.key = :key
    ORDER BY i.id`,

  forgetInitiates: `
    DELETE FROM initiates
    WHERE id IN (SELECT id FROM initiates INDEXED BY initiates_ended WHERE ended_at < :before LIMIT :limit)`,

  bucketNames: 'SELECT name FROM buckets ORDER BY name',

  jobOfUpload: `
    SELECT id, state FROM jobs INDEXED BY jobs_upload
    WHERE upload_id = :upload_id AND bucket = :bucket AND key = :key`,

  unfinishedUploads: `
    SELECT ${jobRow} FROM jobs INDEXED BY jobs_unfinished_upload
    WHERE state = 'failed' AND upload_id IS NOT NULL AND finished_at < :before
    ORDER BY finished_at LIMIT :limit`,

  // The youngest job comes first, because the index ends with seq.
  leftUploadsOfTarget: `
    SELECT ${jobRow} FROM jobs INDEXED BY jobs_left_upload
    WHERE state = 'failed' AND upload_id IS NOT NULL AND bucket = :bucket AND key = :key AND endpoint = :endpoint
    ORDER BY seq DESC`,

  // The upload is at the endpoint that the job was accepted for.
  insertAbandoned: `
    INSERT OR IGNORE INTO abandoned_uploads (job_id, bucket, key, endpoint, region, upload_id)
    VALUES (:id, :bucket, :key, :endpoint, :region, :upload_id)`,

  abandonedByUploadId: 'SELECT * FROM abandoned_uploads WHERE upload_id = ?',
  abandonedAfter: 'SELECT * FROM abandoned_uploads WHERE seq > ? ORDER BY seq LIMIT ?',
  abandonedOfTarget: `
    SELECT * FROM abandoned_uploads INDEXED BY abandoned_target
    WHERE bucket = :bucket AND key = :key AND endpoint = :endpoint
    ORDER BY seq DESC LIMIT :limit`,
  deleteAbandoned: 'DELETE FROM abandoned_uploads WHERE upload_id = ?',

  // The rows also say whether the batch of the job stays behind and goes on counting it.
  finishedJobs: `
    SELECT id, state, part_count,
      EXISTS (
        SELECT 1 FROM batches AS b
        WHERE b.id = jobs.batch_id AND (b.finished_at IS NULL OR b.finished_at >= :before)
      ) AS batch_stays
    FROM jobs INDEXED BY jobs_finished
    WHERE finished_at < :before
    ORDER BY finished_at LIMIT :limit`,

  // Numbers begin at 1. The condition `n > 0` lets SQLite search in the table instead of walking through all of it.
  oldestEvents: 'SELECT n, at FROM events WHERE n > 0 ORDER BY n LIMIT ?',
  deleteEventsThrough: 'DELETE FROM events WHERE n <= ?',

  insertWebhook: `
    INSERT INTO webhooks (n, job_id, type, url, host, body, created_at, began_at, due_at)
    VALUES (:n, :job_id, :type, :url, :host, :body, :at, :at, :at)`,

  // This goes from host to host by a seek.
  nextWebhookHost: `
    SELECT host FROM webhooks INDEXED BY webhooks_due
    WHERE due_at IS NOT NULL AND host > ?
    ORDER BY host LIMIT 1`,

  pendingOfHost: `
    SELECT * FROM webhooks INDEXED BY webhooks_due
    WHERE due_at IS NOT NULL AND host = :host
    ORDER BY due_at LIMIT :limit`,

  webhookByNumber: 'SELECT * FROM webhooks WHERE n = ?',

  takeWebhook: 'UPDATE webhooks SET epoch = epoch + 1, lease_until = :until WHERE n = :n',
  releaseWebhook: `
    UPDATE webhooks SET lease_until = NULL
    WHERE n = :n AND epoch = :epoch AND lease_until IS NOT NULL`,
  releaseAllWebhooks: `
    UPDATE webhooks SET lease_until = NULL
    WHERE n IN (SELECT n FROM webhooks INDEXED BY webhooks_taken WHERE lease_until IS NOT NULL)`,

  noteWebhook: `
    UPDATE webhooks SET state = :state, due_at = :due_at, attempts = attempts + 1, attempted_at = :at,
      status = :status, reason = :reason, lease_until = NULL
    WHERE n = :n AND epoch = :epoch AND lease_until IS NOT NULL`,

  forgetWebhookOfGoneJob: `
    DELETE FROM webhooks
    WHERE n = ? AND due_at IS NULL AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = webhooks.job_id)`,

  expireWebhooks: `
    UPDATE webhooks SET state = 'failed', due_at = NULL, lease_until = NULL
    WHERE n IN (
      SELECT n FROM webhooks INDEXED BY webhooks_began
      WHERE due_at IS NOT NULL AND began_at < :before
      ORDER BY began_at LIMIT :limit
    )`,

  redeliverWebhook: `
    UPDATE webhooks SET state = 'pending', due_at = :at, began_at = :at, attempts = 0, epoch = epoch + 1,
      lease_until = NULL
    WHERE n = :n`,

  webhooksOfAll: 'SELECT * FROM webhooks WHERE n < :before ORDER BY n DESC LIMIT :limit',

  webhooksOfState: `
    SELECT * FROM webhooks INDEXED BY webhooks_state
    WHERE state = :state AND n < :before
    ORDER BY n DESC LIMIT :limit`,

  webhooksOfJob: `
    SELECT * FROM webhooks INDEXED BY webhooks_job
    WHERE job_id = :jobId AND n < :before AND (:state IS NULL OR state = :state)
    ORDER BY n DESC LIMIT :limit`,

  // The comparison `began_at > 0` lets SQLite search in the index of pending messages instead of walking through it.
  shiftWebhooks: `
    UPDATE webhooks SET due_at = due_at + :by, began_at = began_at + :by
    WHERE n IN (SELECT n FROM webhooks INDEXED BY webhooks_began WHERE due_at IS NOT NULL AND began_at > 0)`,
  shiftWebhookLeases: `
    UPDATE webhooks SET lease_until = lease_until + :by
    WHERE n IN (SELECT n FROM webhooks INDEXED BY webhooks_taken WHERE lease_until IS NOT NULL)`,
  boundWebhooks: `
    UPDATE webhooks SET due_at = :latest
    WHERE n IN (SELECT n FROM webhooks INDEXED BY webhooks_began WHERE due_at IS NOT NULL AND began_at > 0) AND due_at > :latest`,

  packedJobBySeq: `SELECT ${packed} AS packed FROM jobs WHERE seq = ?`,
  newestJobs: `SELECT seq, ${packed} AS packed FROM jobs WHERE seq < ? ORDER BY seq DESC LIMIT ?`,

  ...batchSql,
  ...choreSql,
  ...statsSql,
  ...verbSql,

  // The table has only a handful of rows.
  settings: 'SELECT name, value FROM settings',
  storeSetting: `
    INSERT INTO settings (name, value, changed_at, changed_by) VALUES (:name, :value, :at, :by)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
  forgetSetting: 'DELETE FROM settings WHERE name = ?',

  // The table has only a handful of rows.
  nodes: 'SELECT n, id FROM nodes ORDER BY n DESC',
  insertNode: 'INSERT INTO nodes (id) VALUES (?)',
  nameHome: 'INSERT INTO nodes (n, id) VALUES (1, ?) ON CONFLICT (n) DO UPDATE SET id = excluded.id',

  metaValue: 'SELECT value FROM meta WHERE name = ?',
  setMetaValue: 'UPDATE meta SET value = :value WHERE name = :name',
} as const

export type Statements = Readonly<Record<keyof typeof sql, Query>>

/** Prepares the statements of these names. */
export const prepareSome = <Name extends keyof typeof sql>(
  database: SqliteDatabase.Database,
  names: readonly Name[],
): Pick<Statements, Name> =>
  Object.fromEntries(names.map((name) => [name, prepareQuery(database, sql[name])])) as Pick<Statements, Name>

export const prepareStatements = (database: SqliteDatabase.Database): Statements =>
  prepareSome(database, Object.keys(sql) as (keyof typeof sql)[])
