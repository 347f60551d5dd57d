import SqliteDatabase from 'better-sqlite3'

export interface WalKeeper {
  close(): void
}

/**
 * Keeps the write-ahead log with a second connection, which only reads and holds the shared lock that every connection
 * to such a database keeps. While it is open, closing the other connection neither copies the log into the file nor
 * removes it, and the second connection can do neither itself. Close it first for a clean stop. Close it last to leave
 * a damaged file and its log as they are.
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
