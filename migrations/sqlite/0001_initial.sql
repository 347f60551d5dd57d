-- The laws of src/core/job.ts and src/core/part.ts, repeated where the data lives: no bug above can store what they
-- forbid. Instants are milliseconds since the epoch, sizes bytes; nanoseconds and CRC-64 values are decimal text, for
-- they are longer than the integers of JavaScript. A test compares states and transitions with core.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `instance` begins every event id and cursor, so that those of another database are recognised.
INSERT INTO meta (name, value) VALUES
  ('instance', lower(hex(randomblob(4)))),
  ('clean', '1'),
  ('checked_at', '0');

CREATE TABLE jobs (
  -- The order of age. Ids are for people and may sort anyhow.
  seq             INTEGER PRIMARY KEY,
  id              TEXT    NOT NULL UNIQUE,
  state           TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'completing', 'paused', 'failed', 'cancelling', 'completed', 'cancelled')),
  desired         TEXT    NOT NULL CHECK (desired IN ('run', 'pause', 'cancel')),
  waiting         TEXT             CHECK (waiting IN ('backoff', 'endpoint', 'credentials', 'storage', 'notBefore')),
  due_at          INTEGER,
  not_before      INTEGER,
  priority        INTEGER NOT NULL CHECK (priority BETWEEN -100 AND 100),
  batch_id        TEXT,
  labels          TEXT    NOT NULL CHECK (json_type(labels) = 'object'),

  source_path     TEXT    NOT NULL,
  source_size     INTEGER NOT NULL CHECK (source_size >= 0),
  source_dev      TEXT    NOT NULL,
  source_ino      TEXT    NOT NULL,
  source_mtime_ns TEXT    NOT NULL,
  source_ctime_ns TEXT    NOT NULL,
  bucket          TEXT    NOT NULL,
  key             TEXT    NOT NULL,
  endpoint        TEXT    NOT NULL,
  region          TEXT    NOT NULL,
  options         TEXT    NOT NULL CHECK (json_type(options) = 'object'),
  marker          TEXT,

  upload_mode     TEXT             CHECK (upload_mode IN ('put', 'multipart')),
  upload_id       TEXT             CHECK (upload_id <> ''),
  part_size       INTEGER          CHECK (part_size >= 0),
  part_count      INTEGER          CHECK (part_count BETWEEN 1 AND 10000),
  intent          TEXT             CHECK (intent IN ('initiate', 'complete', 'abort')),
  bytes_uploaded  INTEGER NOT NULL DEFAULT 0 CHECK (bytes_uploaded BETWEEN 0 AND source_size),
  parts_uploaded  INTEGER NOT NULL DEFAULT 0 CHECK (parts_uploaded BETWEEN 0 AND coalesce(part_count, 0)),

  outcome         TEXT             CHECK (outcome IN ('uploaded', 'skipped')),
  receipt         TEXT             CHECK (json_type(receipt) = 'object'),
  error           TEXT             CHECK (json_type(error) = 'object'),
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  runs            INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
  restarts        INTEGER NOT NULL DEFAULT 0 CHECK (restarts >= 0),
  version         INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),

  -- Grows with each claim; a write of an older epoch is fenced.
  epoch           INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  lease_node      TEXT,
  lease_until     INTEGER,

  idempotency_key         TEXT,
  idempotency_fingerprint TEXT,

  created_at      INTEGER NOT NULL,
  started_at      INTEGER,
  finished_at     INTEGER,

  CHECK ((finished_at IS NOT NULL) = (state IN ('completed', 'failed', 'cancelled'))),
  CHECK ((outcome IS NOT NULL) = (state = 'completed')),
  CHECK (outcome <> 'uploaded' OR receipt IS NOT NULL),
  CHECK (receipt IS NULL OR state IN ('completed', 'failed', 'cancelling', 'cancelled')),
  CHECK (error IS NOT NULL OR state <> 'failed'),
  CHECK (error IS NULL OR state IN ('failed', 'cancelling', 'cancelled')),
  CHECK ((desired = 'cancel') = (state IN ('cancelling', 'cancelled'))),
  CHECK (desired <> 'pause' OR state IN ('running', 'paused')),
  CHECK (desired = 'pause' OR state <> 'paused'),
  CHECK ((lease_until IS NULL) = (lease_node IS NULL)),
  CHECK (lease_until IS NULL OR state IN ('running', 'completing', 'cancelling')),
  CHECK (lease_until IS NOT NULL OR state NOT IN ('running', 'completing')),
  CHECK ((waiting IS NULL) = (due_at IS NULL)),
  CHECK (due_at IS NULL OR (state IN ('queued', 'cancelling') AND lease_until IS NULL)),
  CHECK ((upload_mode IS NULL) = (part_size IS NULL)),
  CHECK ((upload_mode IS NULL) = (part_count IS NULL)),
  -- IS, for an absent mode must not make the law unknown.
  CHECK (upload_id IS NULL OR upload_mode IS 'multipart'),
  CHECK (upload_mode <> 'put' OR part_count = 1),
  CHECK ((idempotency_key IS NULL) = (idempotency_fingerprint IS NULL))
) STRICT;

-- One access path per question, each only as big as the work that it finds: what was finished long ago costs nothing.
CREATE INDEX jobs_ready ON jobs (state, priority DESC) WHERE state = 'queued' AND due_at IS NULL;
CREATE INDEX jobs_cancelling ON jobs (state) WHERE state = 'cancelling' AND lease_until IS NULL AND due_at IS NULL;
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_target ON jobs (bucket, key, endpoint) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_state ON jobs (state);
CREATE INDEX jobs_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL;

CREATE TABLE job_transitions (
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

INSERT INTO job_transitions (from_state, to_state) VALUES
  ('queued', 'running'), ('queued', 'paused'), ('queued', 'cancelling'), ('queued', 'failed'),
  ('running', 'completing'), ('running', 'completed'), ('running', 'queued'), ('running', 'paused'),
  ('running', 'cancelling'), ('running', 'failed'),
  ('completing', 'completed'), ('completing', 'queued'), ('completing', 'failed'),
  ('paused', 'queued'), ('paused', 'cancelling'),
  ('failed', 'queued'), ('failed', 'cancelling'),
  ('cancelling', 'cancelled'), ('cancelling', 'completed');

CREATE TRIGGER jobs_move BEFORE UPDATE OF state ON jobs
WHEN old.state <> new.state
  AND NOT EXISTS (SELECT 1 FROM job_transitions WHERE from_state = old.state AND to_state = new.state)
BEGIN
  SELECT RAISE(ABORT, 'no such transition of a job');
END;

CREATE TRIGGER jobs_begin BEFORE INSERT ON jobs
WHEN new.state <> 'queued'
BEGIN
  SELECT RAISE(ABORT, 'a job begins queued');
END;

-- Counters, because COUNT(*) costs as much as the past is long. `bytes_pending` is 0 for settled states.
CREATE TABLE job_counts (
  state         TEXT    PRIMARY KEY,
  jobs          INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0),
  bytes_pending INTEGER NOT NULL DEFAULT 0 CHECK (bytes_pending >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO job_counts (state) VALUES
  ('queued'), ('running'), ('completing'), ('paused'), ('failed'), ('cancelling'), ('completed'), ('cancelled');

CREATE TRIGGER jobs_count_new AFTER INSERT ON jobs
BEGIN
  UPDATE job_counts SET jobs = jobs + 1, bytes_pending = bytes_pending + new.source_size WHERE state = new.state;
END;

CREATE TRIGGER jobs_count_move AFTER UPDATE OF state, bytes_uploaded, source_size ON jobs
WHEN old.state <> new.state OR old.bytes_uploaded <> new.bytes_uploaded OR old.source_size <> new.source_size
BEGIN
  UPDATE job_counts
  SET jobs = jobs - 1,
      bytes_pending = bytes_pending - iif(old.finished_at IS NULL, old.source_size - old.bytes_uploaded, 0)
  WHERE state = old.state;
  UPDATE job_counts
  SET jobs = jobs + 1,
      bytes_pending = bytes_pending + iif(new.finished_at IS NULL, new.source_size - new.bytes_uploaded, 0)
  WHERE state = new.state;
END;

CREATE TRIGGER jobs_count_gone AFTER DELETE ON jobs
BEGIN
  UPDATE job_counts
  SET jobs = jobs - 1,
      bytes_pending = bytes_pending - iif(old.finished_at IS NULL, old.source_size - old.bytes_uploaded, 0)
  WHERE state = old.state;
END;

CREATE TABLE parts (
  job_id      TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  part_number INTEGER NOT NULL CHECK (part_number BETWEEN 1 AND 10000),
  "offset"    INTEGER NOT NULL CHECK ("offset" >= 0),
  size        INTEGER NOT NULL CHECK (size >= 0),
  state       TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'uploaded')),
  etag        TEXT,
  crc64       TEXT,
  proven      INTEGER NOT NULL DEFAULT 0 CHECK (proven IN (0, 1)),
  attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  uploaded_at INTEGER,
  PRIMARY KEY (job_id, part_number),
  CHECK ((state = 'uploaded') = (etag IS NOT NULL)),
  CHECK ((state = 'uploaded') = (crc64 IS NOT NULL)),
  CHECK ((state = 'uploaded') = (uploaded_at IS NOT NULL)),
  CHECK (proven = 0 OR state = 'uploaded')
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of an event that was pruned is never given again, so a cursor never means two things.
-- No foreign key: events outlive their job.
CREATE TABLE events (
  n        INTEGER PRIMARY KEY AUTOINCREMENT,
  at       INTEGER NOT NULL,
  type     TEXT    NOT NULL,
  job_id   TEXT    NOT NULL,
  batch_id TEXT,
  -- The job as it was then, or for part.uploaded the part, as the API shows it.
  body     TEXT    NOT NULL CHECK (json_type(body) = 'object')
) STRICT;

CREATE INDEX events_job ON events (job_id);
CREATE INDEX events_batch ON events (batch_id) WHERE batch_id IS NOT NULL;
