-- A job may leave its fingerprint to the run that claims it, where the source is not seen from the node of the request.
-- Device numbers mean something on the node alone that took the fingerprint. Those of before name no node.
ALTER TABLE jobs ADD COLUMN source_due INTEGER NOT NULL DEFAULT 0 CHECK (source_due IN (0, 1));
ALTER TABLE jobs ADD COLUMN source_node TEXT;
