-- The outbox of webhooks. A row is inserted in the transaction of the event that it tells, and its number is the event's.
-- No foreign key: a message that is still to be delivered outlives its job.
CREATE TABLE webhooks (
  n            INTEGER PRIMARY KEY,
  job_id       TEXT    NOT NULL,
  type         TEXT    NOT NULL,
  url          TEXT    NOT NULL,
  host         TEXT    NOT NULL,
  -- What is signed and sent, to the byte.
  body         TEXT    NOT NULL CHECK (json_type(body) = 'object'),
  state        TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  created_at   INTEGER NOT NULL,
  began_at     INTEGER NOT NULL,
  due_at       INTEGER,
  attempted_at INTEGER,
  status       INTEGER,
  reason       TEXT,
  CHECK ((due_at IS NOT NULL) = (state = 'pending')),
  CHECK (attempted_at IS NOT NULL OR (status IS NULL AND state <> 'delivered'))
) STRICT;

-- From host to host, and within one by when they are due: a dead host costs the others nothing.
CREATE INDEX webhooks_due ON webhooks (host, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_began ON webhooks (began_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_job ON webhooks (job_id);
CREATE INDEX webhooks_state ON webhooks (state);

-- However a job is removed, what was settled of it goes with it.
CREATE TRIGGER jobs_webhooks_gone AFTER DELETE ON jobs
BEGIN
  DELETE FROM webhooks WHERE job_id = old.id AND due_at IS NULL;
END;
