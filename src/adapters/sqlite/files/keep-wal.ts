import SqliteDatabase from 'better-sqlite3'

export interface Anchor {
  weigh(): void
}

/**
 * A second connection that only reads and holds the shared lock which every connection to a database with a write-ahead
 * log keeps. While it is there, closing the other one neither copies the log into the file nor removes it; and it can do
 * neither itself. Weigh it first for a clean stop, and last to leave a damaged file and its log as they are.
 */
export const dropAnchor = (path: string): Anchor => {
  const connection = new SqliteDatabase(path, { timeout: 0, readonly: true })
  try {
    // The lock comes with the first read.
    connection.pragma('schema_version')
  } catch (error) {
    connection.close()
    throw error
  }
  return { weigh: () => connection.close() }
}
