-- How many bytes the jobs of each reason to wait have before them: the time that is left does not count what is scheduled.

ALTER TABLE wait_counts ADD COLUMN bytes_pending INTEGER NOT NULL DEFAULT 0 CHECK (bytes_pending >= 0);

UPDATE wait_counts SET bytes_pending = (
  SELECT coalesce(sum(source_size - bytes_uploaded), 0) FROM jobs
  WHERE due_at IS NOT NULL AND jobs.waiting = wait_counts.waiting);

DROP TRIGGER jobs_wait_new;
CREATE TRIGGER jobs_wait_new AFTER INSERT ON jobs
WHEN new.waiting IS NOT NULL
BEGIN
  UPDATE wait_counts
  SET jobs = jobs + 1, bytes_pending = bytes_pending + new.source_size - new.bytes_uploaded
  WHERE waiting = new.waiting;
END;

-- A job that moves does not wait, so commits of parts cost no more than the question.
DROP TRIGGER jobs_wait_move;
CREATE TRIGGER jobs_wait_move AFTER UPDATE OF waiting, bytes_uploaded, source_size ON jobs
WHEN old.waiting IS NOT new.waiting
  OR (new.waiting IS NOT NULL
      AND (old.bytes_uploaded <> new.bytes_uploaded OR old.source_size <> new.source_size))
BEGIN
  UPDATE wait_counts
  SET jobs = jobs - 1, bytes_pending = bytes_pending - (old.source_size - old.bytes_uploaded)
  WHERE waiting = old.waiting;
  UPDATE wait_counts
  SET jobs = jobs + 1, bytes_pending = bytes_pending + new.source_size - new.bytes_uploaded
  WHERE waiting = new.waiting;
END;

DROP TRIGGER jobs_wait_gone;
CREATE TRIGGER jobs_wait_gone AFTER DELETE ON jobs
WHEN old.waiting IS NOT NULL
BEGIN
  UPDATE wait_counts
  SET jobs = jobs - 1, bytes_pending = bytes_pending - (old.source_size - old.bytes_uploaded)
  WHERE waiting = old.waiting;
END;
