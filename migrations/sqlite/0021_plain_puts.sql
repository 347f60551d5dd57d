-- A claim takes the files that need nothing but to be put whole apart from other jobs, because many of them are sent
-- together. Jobs of before are claimed one by one, as they were.
ALTER TABLE jobs ADD COLUMN plain INTEGER NOT NULL DEFAULT 0 CHECK (plain IN (0, 1));
