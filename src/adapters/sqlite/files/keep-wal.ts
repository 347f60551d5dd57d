import SqliteDatabase from 'better-sqlite3'

export interface WalKeeper {
  close(): void
}

/**
 * Keeps the write-ahead log, by a second connection that only reads and holds the shared lock which every connection to
 * such a database keeps. While it is open, closing the other connection neither copies the log into the file nor removes
 * it, and it can do neither itself. Close it first for a clean stop, and last to leave a damaged file and its log as they
 * are.
 */
export const keepWal = (path: string): WalKeeper => {
  const connection = new SqliteDatabase(path, { timeout: 0, readonly: true })
  try {
    // The first read takes the lock.
    connection.pragma('schema_version')
  } catch (error) {
    connection.close()
    throw error
  }
  return { close: () => connection.close() }
}
