-- Verbs for many jobs, on their way from job to job: one table in place of sweeps, of a column for the verb of each batch and of
-- one for its retry. A batch's verb is one whose filter is the batch alone. Those that are over stay for a while, to be looked at.

CREATE TABLE bulk_verbs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  -- src/core/verb-law.ts says which verbs there are and what they do.
  verb        TEXT    NOT NULL,
  filter      TEXT    NOT NULL CHECK (json_type(filter) = 'object'),
  -- The batch whose verb it is.
  batch_id    TEXT,
  actor       TEXT,
  -- What was to be told when it was given.
  jobs        INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0),
  batches     INTEGER NOT NULL DEFAULT 0 CHECK (batches >= 0),
  -- Jobs that it has changed, and that it could not.
  changed     INTEGER NOT NULL DEFAULT 0 CHECK (changed >= 0),
  refused     INTEGER NOT NULL DEFAULT 0 CHECK (refused >= 0),
  -- Numbers of jobs: behind which it goes on, which is the last that is meant, which ones ahead are not to be met, and which
  -- were completing when they were met.
  after       INTEGER NOT NULL DEFAULT 0,
  last        INTEGER NOT NULL,
  passed      TEXT    NOT NULL DEFAULT '[]' CHECK (json_type(passed) = 'array'),
  awaited     TEXT    NOT NULL DEFAULT '[]' CHECK (json_type(awaited) = 'array'),
  given_at    INTEGER NOT NULL,
  finished_at INTEGER,
  -- A later verb took its place.
  replaced    INTEGER NOT NULL DEFAULT 0 CHECK (replaced IN (0, 1)),

  CHECK (replaced = 0 OR finished_at IS NOT NULL)
) STRICT;

CREATE INDEX bulk_verbs_unfinished ON bulk_verbs (id) WHERE finished_at IS NULL;
CREATE INDEX bulk_verbs_batch ON bulk_verbs (batch_id) WHERE finished_at IS NULL;
CREATE INDEX bulk_verbs_finished ON bulk_verbs (finished_at) WHERE finished_at IS NOT NULL;

-- What is under way goes on where it is. Only of a retry it mattered when it was given.
INSERT INTO bulk_verbs (verb, filter, actor, after, last, awaited, given_at)
SELECT verb, filter, actor, after, last, awaited, CAST(unixepoch('subsec') * 1000 AS INTEGER)
FROM sweeps ORDER BY id;

INSERT INTO bulk_verbs (verb, filter, batch_id, actor, after, last, passed, awaited, given_at)
SELECT steering, json_object('batchId', id), id, steered_by,
  coalesce(course ->> 'after', 0),
  coalesce(course ->> 'last', (SELECT coalesce(max(seq), 0) FROM jobs)),
  coalesce(course -> 'met', '[]'),
  coalesce(course -> 'awaited', '[]'),
  CAST(unixepoch('subsec') * 1000 AS INTEGER)
FROM batches WHERE steering IS NOT NULL ORDER BY seq;

INSERT INTO bulk_verbs (verb, filter, batch_id, actor, last, given_at)
SELECT 'retry', json_object('batchId', id), id, steered_by, (SELECT coalesce(max(seq), 0) FROM jobs), retry_at
FROM batches WHERE retry_at IS NOT NULL ORDER BY seq;

DROP TABLE sweeps;

-- SQLite drops no column that a CHECK of the table names, so that goes first, from where SQLite keeps it (see 0016).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK (finished_at IS NULL OR (steering IS NULL AND retry_at IS NULL)),', '')
WHERE type = 'table' AND name = 'batches';
PRAGMA writable_schema = RESET;
ALTER TABLE batches DROP COLUMN steering;
ALTER TABLE batches DROP COLUMN retry_at;
ALTER TABLE batches DROP COLUMN steered_by;
ALTER TABLE batches DROP COLUMN course;
