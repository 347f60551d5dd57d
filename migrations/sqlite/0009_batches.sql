-- Batches: jobs made together from a directory or a list. Their state is not stored, it follows from what is.

CREATE TABLE batches (
  seq             INTEGER PRIMARY KEY,
  id              TEXT    NOT NULL UNIQUE,
  desired         TEXT    NOT NULL DEFAULT 'run' CHECK (desired IN ('run', 'pause', 'cancel')),
  steering        TEXT             CHECK (steering IN ('pause', 'resume', 'cancel')),
  retry_at        INTEGER,
  source          TEXT    NOT NULL CHECK (json_type(source) = 'object'),
  bucket          TEXT    NOT NULL,
  prefix          TEXT    NOT NULL,
  endpoint        TEXT    NOT NULL,
  region          TEXT    NOT NULL,
  template        TEXT    NOT NULL CHECK (json_type(template) = 'object'),
  dry_run         INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
  walk            TEXT    NOT NULL DEFAULT 'going' CHECK (walk IN ('going', 'done', 'stopped')),
  -- The names of the tokens that made it and that gave it its last verb.
  actor           TEXT,
  steered_by      TEXT,
  listed          INTEGER NOT NULL DEFAULT 0 CHECK (listed >= 0),
  seen            INTEGER NOT NULL DEFAULT 0 CHECK (seen >= 0),
  problems        INTEGER NOT NULL DEFAULT 0 CHECK (problems >= 0),
  idempotency_key         TEXT,
  idempotency_fingerprint TEXT,
  created_at      INTEGER NOT NULL,
  finished_at     INTEGER,

  CHECK (walk <> 'going' OR finished_at IS NULL),
  CHECK (walk <> 'stopped' OR desired = 'cancel'),
  CHECK (finished_at IS NULL OR (steering IS NULL AND retry_at IS NULL)),
  CHECK ((idempotency_key IS NULL) = (idempotency_fingerprint IS NULL))
) STRICT;

CREATE UNIQUE INDEX batches_idempotency ON batches (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX batches_unfinished ON batches (finished_at) WHERE finished_at IS NULL;
CREATE INDEX batches_finished ON batches (finished_at) WHERE finished_at IS NOT NULL;

-- Apart from the batches, for a row that changes with every job should be small. A job that is deleted was one of the
-- batch nevertheless, so nothing counts down.
CREATE TABLE batch_counts (
  batch_id       TEXT    PRIMARY KEY REFERENCES batches (id) ON DELETE CASCADE,
  queued         INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
  running        INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
  completing     INTEGER NOT NULL DEFAULT 0 CHECK (completing >= 0),
  paused         INTEGER NOT NULL DEFAULT 0 CHECK (paused >= 0),
  failed         INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  cancelling     INTEGER NOT NULL DEFAULT 0 CHECK (cancelling >= 0),
  completed      INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
  cancelled      INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
  skipped        INTEGER NOT NULL DEFAULT 0 CHECK (skipped >= 0),
  bytes_total    INTEGER NOT NULL DEFAULT 0 CHECK (bytes_total >= 0),
  bytes_uploaded INTEGER NOT NULL DEFAULT 0 CHECK (bytes_uploaded >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER batches_counts AFTER INSERT ON batches
BEGIN
  INSERT INTO batch_counts (batch_id) VALUES (new.id);
END;

CREATE TRIGGER jobs_batch_new AFTER INSERT ON jobs
WHEN new.batch_id IS NOT NULL
BEGIN
  UPDATE batch_counts SET queued = queued + 1, bytes_total = bytes_total + new.source_size
  WHERE batch_id = new.batch_id;
END;

CREATE TRIGGER jobs_batch_move AFTER UPDATE OF state, bytes_uploaded, source_size ON jobs
WHEN new.batch_id IS NOT NULL
  AND (old.state <> new.state OR old.bytes_uploaded <> new.bytes_uploaded OR old.source_size <> new.source_size)
BEGIN
  UPDATE batch_counts
  SET queued = queued - (old.state = 'queued') + (new.state = 'queued'),
      running = running - (old.state = 'running') + (new.state = 'running'),
      completing = completing - (old.state = 'completing') + (new.state = 'completing'),
      paused = paused - (old.state = 'paused') + (new.state = 'paused'),
      failed = failed - (old.state = 'failed') + (new.state = 'failed'),
      cancelling = cancelling - (old.state = 'cancelling') + (new.state = 'cancelling'),
      completed = completed - (old.state = 'completed') + (new.state = 'completed'),
      cancelled = cancelled - (old.state = 'cancelled') + (new.state = 'cancelled'),
      skipped = skipped - (old.outcome IS 'skipped') + (new.outcome IS 'skipped'),
      bytes_total = bytes_total - old.source_size + new.source_size,
      bytes_uploaded = bytes_uploaded - old.bytes_uploaded + new.bytes_uploaded
  WHERE batch_id = new.batch_id;
END;

-- What was posted as a list, until the walk is done with it.
CREATE TABLE batch_files (
  batch_id TEXT    NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
  n        INTEGER NOT NULL CHECK (n >= 0),
  path     TEXT    NOT NULL,
  key      TEXT    NOT NULL,
  PRIMARY KEY (batch_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE batch_problems (
  n        INTEGER PRIMARY KEY,
  batch_id TEXT    NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
  path     TEXT    NOT NULL,
  code     TEXT    NOT NULL,
  message  TEXT    NOT NULL,
  job_id   TEXT
) STRICT;

CREATE INDEX batch_problems_batch ON batch_problems (batch_id);
-- A walk that is begun anew meets the same problems.
CREATE UNIQUE INDEX batch_problems_path ON batch_problems (batch_id, path, code);

CREATE TABLE batch_planned_files (
  n        INTEGER PRIMARY KEY,
  batch_id TEXT    NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
  path     TEXT    NOT NULL,
  key      TEXT    NOT NULL,
  size     INTEGER NOT NULL CHECK (size >= 0)
) STRICT;

CREATE INDEX batch_planned_files_batch ON batch_planned_files (batch_id);
CREATE UNIQUE INDEX batch_planned_files_key ON batch_planned_files (batch_id, key);

-- Nothing twice, however often a walk is begun.
CREATE UNIQUE INDEX jobs_batch_key ON jobs (batch_id, key) WHERE batch_id IS NOT NULL;
-- What pause, resume, cancel and retry look for; those that are worked on are found by their lease.
CREATE INDEX jobs_batch_idle ON jobs (batch_id, state)
  WHERE batch_id IS NOT NULL AND state IN ('queued', 'paused', 'failed');
