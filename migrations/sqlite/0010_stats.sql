-- What those who watch ask every few seconds, kept as counters: counting would cost as much as waits.

CREATE TABLE wait_counts (
  waiting TEXT    PRIMARY KEY,
  jobs    INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO wait_counts (waiting) VALUES ('backoff'), ('endpoint'), ('credentials'), ('storage'), ('notBefore');

UPDATE wait_counts SET jobs = (SELECT count(*) FROM jobs WHERE due_at IS NOT NULL AND jobs.waiting = wait_counts.waiting);

CREATE TRIGGER jobs_wait_new AFTER INSERT ON jobs
WHEN new.waiting IS NOT NULL
BEGIN
  UPDATE wait_counts SET jobs = jobs + 1 WHERE waiting = new.waiting;
END;

CREATE TRIGGER jobs_wait_move AFTER UPDATE OF waiting ON jobs
WHEN old.waiting IS NOT new.waiting
BEGIN
  UPDATE wait_counts SET jobs = jobs - 1 WHERE waiting = old.waiting;
  UPDATE wait_counts SET jobs = jobs + 1 WHERE waiting = new.waiting;
END;

CREATE TRIGGER jobs_wait_gone AFTER DELETE ON jobs
WHEN old.waiting IS NOT NULL
BEGIN
  UPDATE wait_counts SET jobs = jobs - 1 WHERE waiting = old.waiting;
END;

CREATE TABLE webhook_counts (
  state    TEXT    PRIMARY KEY,
  messages INTEGER NOT NULL DEFAULT 0 CHECK (messages >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO webhook_counts (state) VALUES ('pending'), ('delivered'), ('failed');

UPDATE webhook_counts SET messages = (SELECT count(*) FROM webhooks WHERE webhooks.state = webhook_counts.state);

CREATE TRIGGER webhooks_count_new AFTER INSERT ON webhooks
BEGIN
  UPDATE webhook_counts SET messages = messages + 1 WHERE state = new.state;
END;

CREATE TRIGGER webhooks_count_move AFTER UPDATE OF state ON webhooks
WHEN old.state <> new.state
BEGIN
  UPDATE webhook_counts SET messages = messages - 1 WHERE state = old.state;
  UPDATE webhook_counts SET messages = messages + 1 WHERE state = new.state;
END;

CREATE TRIGGER webhooks_count_gone AFTER DELETE ON webhooks
BEGIN
  UPDATE webhook_counts SET messages = messages - 1 WHERE state = old.state;
END;
