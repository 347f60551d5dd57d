-- What is needed to tell open multipart uploads apart: those of a job, those that no job goes on with, and those that
-- an Initiate without an answer may have left behind.

-- Where to look for them. Never shrinks: an upload outlives its job.
CREATE TABLE buckets (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO buckets (name) SELECT DISTINCT bucket FROM jobs;

CREATE TRIGGER jobs_bucket AFTER INSERT ON jobs
BEGIN
  INSERT OR IGNORE INTO buckets (name) VALUES (new.bucket);
END;

CREATE INDEX jobs_upload ON jobs (upload_id) WHERE upload_id IS NOT NULL;
CREATE INDEX jobs_unfinished_upload ON jobs (finished_at) WHERE state = 'failed' AND upload_id IS NOT NULL;

-- From the commit of the intent until nothing can be sent for it any more; a row stays when an answer may be missing.
-- No foreign key: what an Initiate left in OSS outlives its job.
CREATE TABLE initiates (
  id         INTEGER PRIMARY KEY,
  job_id     TEXT    NOT NULL,
  bucket     TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  began_at   INTEGER NOT NULL,
  ended_at   INTEGER,
  unanswered INTEGER NOT NULL DEFAULT 0 CHECK (unanswered IN (0, 1))
) STRICT;

CREATE UNIQUE INDEX initiates_open ON initiates (job_id) WHERE ended_at IS NULL;
CREATE INDEX initiates_target ON initiates (bucket, key);
CREATE INDEX initiates_ended ON initiates (ended_at) WHERE ended_at IS NOT NULL;

INSERT INTO initiates (job_id, bucket, key, began_at, unanswered)
  SELECT id, bucket, key, coalesce(started_at, created_at), 1 FROM jobs WHERE intent = 'initiate';

-- Uploads that their job has given up, until OSS was seen to have forgotten them. Committed before the Abort is sent.
CREATE TABLE abandoned_uploads (
  seq       INTEGER PRIMARY KEY,
  job_id    TEXT NOT NULL,
  bucket    TEXT NOT NULL,
  key       TEXT NOT NULL,
  endpoint  TEXT NOT NULL,
  region    TEXT NOT NULL,
  upload_id TEXT NOT NULL UNIQUE
) STRICT;

-- However a job is removed, its upload is not forgotten with it.
CREATE TRIGGER jobs_upload_left AFTER DELETE ON jobs
WHEN old.state = 'failed' AND old.upload_id IS NOT NULL
BEGIN
  INSERT OR IGNORE INTO abandoned_uploads (job_id, bucket, key, endpoint, region, upload_id)
  VALUES (old.id, old.bucket, old.key, old.endpoint, old.region, old.upload_id);
END;

CREATE TRIGGER jobs_initiate_left AFTER DELETE ON jobs
WHEN old.intent = 'initiate'
BEGIN
  UPDATE initiates SET ended_at = old.finished_at WHERE job_id = old.id AND ended_at IS NULL;
END;
