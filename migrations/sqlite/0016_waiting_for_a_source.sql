-- More reasons to wait: a source whose file system does not answer, and at once what comes later, an account that is not
-- set up (`profile`) and a daemon that is away (`node`). SQLite cannot change a CHECK. To make the table anew would copy
-- every job and empty the tables that refer to it, so its text is changed where SQLite keeps it, as SQLite's manual says
-- for a CHECK: every row that was lawful stays so.

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, '''storage'', ''notBefore''))', '''storage'', ''notBefore'', ''source'', ''profile'', ''node''))')
WHERE type = 'table' AND name = 'jobs';
PRAGMA writable_schema = OFF;

INSERT INTO wait_counts (waiting) VALUES ('source'), ('profile'), ('node');
