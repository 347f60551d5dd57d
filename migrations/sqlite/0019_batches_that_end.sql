-- How far the verb of a batch has come: each of its jobs is told once, so that what is asked of one afterwards stands.
ALTER TABLE batches ADD COLUMN course TEXT CHECK (json_type(course) = 'object');

-- A batch that was deleted: nobody sees it any more, and its jobs go in steps, the last with the row itself.
ALTER TABLE batches ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten IN (0, 1));
CREATE INDEX batches_forgotten ON batches (seq) WHERE forgotten = 1;

-- What a job was that went before its batch: totals count every job, and so the manifest tells of every job.
CREATE TABLE batch_deleted_jobs (
  n        INTEGER PRIMARY KEY,
  batch_id TEXT    NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
  job      TEXT    NOT NULL CHECK (json_type(job) = 'object')
) STRICT;

CREATE INDEX batch_deleted_jobs_batch ON batch_deleted_jobs (batch_id);
