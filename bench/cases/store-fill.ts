import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { openSqliteStore } from '../../src/adapters/sqlite/thread/sqlite-store.js'
import type { NewJob } from '../../src/core/job.js'
import type { Logger } from '../../src/ports/logger.js'
import type { Store } from '../../src/ports/store.js'

const threadUrl = new URL('../../../../dist/adapters/sqlite/thread/store-thread.js', import.meta.url)

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: (_fields, message) => console.warn(message),
  error: (_fields, message) => console.error(message),
  child: () => silent,
}

/** Opens the store of the compiled daemon, including its thread. */
export const openBenchStore = (directory: string): Promise<Store> =>
  openSqliteStore({
    node: 'bench',
    directory,
    clock: {
      now: Date.now,
      monotonic: () => performance.now(),
      sleep: () => Promise.reject(new Error('nobody sleeps')),
    },
    wakeup: { notify: () => {}, subscribe: () => () => {} },
    logger: silent,
    threadUrl,
  })

/** The stored jobs have this endpoint. No program listens there. */
export const fillEndpoint = 'http://127.0.0.1:9'
export const fillBuckets = 4
/** One job in so many has the label `tenth`. */
const labelled = 10
/** One batch has so many jobs. */
export const batchSize = 200

export const benchJob = (id: string): NewJob => ({
  id,
  batchId: null,
  place: 'bench',
  source: {
    kind: 'path',
    path: `/srv/in/new/${id}.bin`,
    fingerprint: {
      node: null,
      dev: '2049',
      ino: '1234567',
      size: 16384,
      mtimeNs: '1767225600123456789',
      ctimeNs: '1767225600123456789',
    },
  },
  target: { bucket: 'bucket-0', key: `new/${id}.bin`, endpoint: fillEndpoint, region: 'cn-hangzhou' },
  options: {
    partSize: 10485760,
    multipartThreshold: 10485760,
    parallel: 4,
    sequential: false,
    headers: { 'Content-Type': 'application/octet-stream' },
    ifExists: 'overwrite',
    crc64: null,
    notAfter: null,
    onSourceChange: 'fail',
  },
  priority: 0,
  labels: {},
  marker: '0123456789abcdef0123456789abcdef',
  dueAt: null,
})

const optionsJson = JSON.stringify(benchJob('x').options)
const receiptSql = `json_object('size', 16384, 'crc64', '11051210869376104954', 'serverCrc64', '11051210869376104954',
  'proof', 'object', 'etag', 'D41D8CD98F00B204E9800998ECF8427E', 'versionId', NULL, 'requestId', '5C3D9175B6FC201293AD4890',
  'completedAt', at)`

/** This weighs about as much as a stored event of a job. */
const eventBodySql = `json_object('id', id, 'state', 'completed', 'source', json_object('path', '/srv/in/stored/' || id), 'padding', hex(zeroblob(300)))`

interface SchemaObject {
  readonly name: string
  readonly sql: string
}

/**
 * Fills a new database with `jobs` jobs: the last `queued` of them wait and are ready, and the others are completed.
 * Each has an event. The rows do not go through the store, which would take an hour. Indexes, triggers and counters are
 * what the migrations made.
 */
export const fillDatabase = async (
  directory: string,
  { jobs, queued }: { readonly jobs: number; readonly queued: number },
): Promise<void> => {
  await (await openBenchStore(directory)).close()
  const database = new SqliteDatabase(join(directory, 'longshore.db'))
  database.pragma('synchronous = OFF')
  database.pragma('cache_size = -400000')
  const settled = jobs - queued
  // The jobs are a millisecond apart, and none is so old that it would be pruned.
  const firstAt = Date.now() - jobs
  const made = database.prepare(
    "SELECT name, sql FROM sqlite_schema WHERE tbl_name IN ('jobs', 'events') AND type = ? AND sql IS NOT NULL",
  )
  const indexes = made.all('index') as SchemaObject[]
  const triggers = made.all('trigger') as SchemaObject[]
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`)
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
  database.exec(`
    BEGIN;
    WITH RECURSIVE counting (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counting WHERE i < ${jobs}),
      made AS (SELECT i, printf('%09d', i) || lower(hex(randomblob(10))) AS id, i <= ${settled} AS done,
        ${firstAt} + i AS at FROM counting)
    INSERT INTO jobs (id, state, desired, priority, batch_id, labels, source_path, source_size, source_dev, source_ino,
      source_mtime_ns, source_ctime_ns, bucket, key, endpoint, region, options, marker, upload_mode, part_size, part_count,
      bytes_uploaded, parts_uploaded, outcome, receipt, runs, epoch, created_at, started_at, finished_at)
    SELECT id, iif(done, 'completed', 'queued'), 'run', 0, 'batch-' || (i / ${batchSize}),
      iif(i % ${labelled} = 0, '{"run":"42","tenth":"yes"}', '{"run":"42"}'), '/srv/in/stored/' || id, 16384, '2049', i,
      '1767225600123456789', '1767225600123456789', 'bucket-' || (i % ${fillBuckets}), 'stored/' || id, '${fillEndpoint}',
      'cn-hangzhou', '${optionsJson}', lower(hex(randomblob(16))), iif(done, 'put', NULL), iif(done, 16384, NULL),
      iif(done, 1, NULL), iif(done, 16384, 0), iif(done, 1, 0), iif(done, 'uploaded', NULL),
      iif(done, ${receiptSql}, NULL), done, done, at, iif(done, at, NULL), iif(done, at, NULL)
    FROM made;
    INSERT INTO events (at, type, job_id, batch_id, body)
    SELECT created_at, 'job.' || state, id, batch_id, ${eventBodySql} FROM jobs ORDER BY seq;
    UPDATE job_counts SET jobs = ${settled} WHERE state = 'completed';
    UPDATE job_counts SET jobs = ${queued}, bytes_pending = ${queued * 16384} WHERE state = 'queued';
    INSERT INTO buckets (name) SELECT 'bucket-' || value FROM json_each('[0,1,2,3]');
    COMMIT;`)
  for (const { sql } of [...indexes, ...triggers]) database.exec(sql)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
}
