/** These are the statements about chores. They are part of `sql` in statements.ts. The table has a handful of rows. */
export const choreSql = {
  dropEndedChores: 'DELETE FROM chores WHERE until <= ?',
  dropAllChores: 'DELETE FROM chores',
  choreByName: 'SELECT until FROM chores WHERE name = ?',
  insertChore: 'INSERT INTO chores (name, node, until) VALUES (:name, :node, :until)',
  keepChore: 'UPDATE chores SET until = :until WHERE epoch = :epoch AND name = :name',
  leaveChore: 'DELETE FROM chores WHERE epoch = :epoch AND name = :name',
  heldChore: 'SELECT 1 FROM chores WHERE epoch = ? AND name = ?',
  shiftChores: 'UPDATE chores SET until = until + :by',
} as const
