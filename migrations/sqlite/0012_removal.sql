-- What becomes of the source of a job that deletes it: committed before the file is touched, so that a run after a crash
-- goes on, and kept as a note when it is over.
ALTER TABLE jobs ADD COLUMN removal TEXT CHECK (json_type(removal) = 'object');
