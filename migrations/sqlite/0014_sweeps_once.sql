-- A verb for many goes over the jobs once. Those whose Complete was under way are looked at again.

ALTER TABLE sweeps DROP COLUMN phase;
ALTER TABLE sweeps DROP COLUMN found;
-- Sequence numbers of jobs that were completing when the verb came to them.
ALTER TABLE sweeps ADD COLUMN awaited TEXT NOT NULL DEFAULT '[]' CHECK (json_type(awaited) = 'array');
-- One that is under way begins anew: it went by another order.
UPDATE sweeps SET after = 0;
