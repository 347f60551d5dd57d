-- The nodes that a place can name. Number 1 is the node that this database belongs to, under whatever id it was started
-- last, so that a host that gets another name still sees the sources of its jobs.
CREATE TABLE nodes (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL
) STRICT;

-- The node that sees the source of a job, or the files of a batch; NULL: any node does. What older versions made is where
-- it was.
ALTER TABLE jobs ADD COLUMN place INTEGER DEFAULT 1;
ALTER TABLE batches ADD COLUMN place INTEGER DEFAULT 1;
