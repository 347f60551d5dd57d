-- A statement that may ABORT copies every page it touches, to be able to take back what it did. These laws are asked before
-- anything is done, or belong to a statement that says OR FAIL: whoever meets the error rolls its savepoint back.
DROP TRIGGER jobs_move;
CREATE TRIGGER jobs_move BEFORE UPDATE OF state ON jobs
WHEN old.state <> new.state
  AND NOT EXISTS (SELECT 1 FROM job_transitions WHERE from_state = old.state AND to_state = new.state)
BEGIN
  SELECT RAISE(FAIL, 'no such transition of a job');
END;

DROP TRIGGER jobs_begin;
CREATE TRIGGER jobs_begin BEFORE INSERT ON jobs
WHEN new.state <> 'queued'
BEGIN
  SELECT RAISE(FAIL, 'a job begins queued');
END;

-- OR IGNORE gives way to what the outer statement says.
DROP TRIGGER jobs_bucket;
CREATE TRIGGER jobs_bucket AFTER INSERT ON jobs
WHEN NOT EXISTS (SELECT 1 FROM buckets WHERE name = new.bucket)
BEGIN
  INSERT INTO buckets (name) VALUES (new.bucket);
END;
