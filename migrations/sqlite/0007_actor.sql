-- Whose request an event records: the name of its token. NULL: a daemon without tokens, or its own doing.
ALTER TABLE events ADD COLUMN actor TEXT;
