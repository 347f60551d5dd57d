-- Work that is no job (the walk of a batch, a bulk verb, the janitor, the pruner) belongs to one node for a while. A row is
-- there only while a node has the chore. AUTOINCREMENT, because an epoch fences writes and is never given again.
CREATE TABLE chores (
  epoch INTEGER PRIMARY KEY AUTOINCREMENT,
  name  TEXT    NOT NULL UNIQUE,
  node  TEXT    NOT NULL,
  until INTEGER NOT NULL
) STRICT;
