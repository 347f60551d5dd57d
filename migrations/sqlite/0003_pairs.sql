-- A claim shares the runs among endpoints and buckets, and passes over those that are out of order: it hops from pair
-- to pair and takes the first few of each, however many wait behind them.
DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (endpoint, bucket, state, priority DESC)
  WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued');

-- Cancels that have nothing to remove from OSS settle whatever the state of their endpoint.
DROP INDEX jobs_cancelling;
CREATE INDEX jobs_cancelling ON jobs (state)
  WHERE state = 'cancelling' AND lease_until IS NULL AND due_at IS NULL AND upload_id IS NULL;

-- Jobs fail at their deadline although nobody may send for them.
CREATE INDEX jobs_deadline ON jobs (json_extract(options, '$.notAfter'))
  WHERE state = 'queued' AND json_extract(options, '$.notAfter') IS NOT NULL;

-- Runs in a row that ended with their process before anything of them was committed.
ALTER TABLE jobs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0);
