-- A verb for every job that matches a filter, on its way from job to job.

CREATE TABLE sweeps (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  verb    TEXT    NOT NULL CHECK (verb IN ('pause', 'resume')),
  filter  TEXT    NOT NULL CHECK (json_type(filter) = 'object'),
  -- Jobs that were made later are not meant.
  last    INTEGER NOT NULL,
  actor   TEXT,
  -- Where it stands: which state, behind which job, and whether this round has found anything.
  phase   INTEGER NOT NULL DEFAULT 0,
  after   INTEGER NOT NULL DEFAULT 0,
  found   INTEGER NOT NULL DEFAULT 0 CHECK (found IN (0, 1))
) STRICT;
