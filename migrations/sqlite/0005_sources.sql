-- The jobs of one file, however many there are.
CREATE INDEX jobs_source ON jobs (source_path);
