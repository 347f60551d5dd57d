-- A deadline has a column of its own. The index read it out of the options, so that SQLite parsed the options of each job
-- at every change of its state, with a deadline or without.
ALTER TABLE jobs ADD COLUMN not_after INTEGER;
UPDATE jobs SET not_after = json_extract(options, '$.notAfter') WHERE json_extract(options, '$.notAfter') IS NOT NULL;
DROP INDEX jobs_deadline;
CREATE INDEX jobs_deadline ON jobs (not_after) WHERE state = 'queued' AND not_after IS NOT NULL;
