-- A message belongs to its sender for a while, so that several senders on one database send it once. The number grows with
-- each taking and fences what is noted of the message.
ALTER TABLE webhooks ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN lease_until INTEGER CHECK (lease_until IS NULL OR due_at IS NOT NULL);
CREATE INDEX webhooks_taken ON webhooks (lease_until) WHERE lease_until IS NOT NULL;
