-- What OSS says against the removal of a cancelled job's upload, and how often: {tries, error}. It ends the cancel, and stays
-- until the upload is gone.
ALTER TABLE jobs ADD COLUMN refusal TEXT CHECK (json_type(refusal) = 'object');
