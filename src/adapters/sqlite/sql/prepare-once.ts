import type SqliteDatabase from 'better-sqlite3'

/** Returns a function that prepares each text at its first use and keeps the statement from then on. */
export const prepareOnce = (database: SqliteDatabase.Database): ((text: string) => SqliteDatabase.Statement) => {
  const prepared = new Map<string, SqliteDatabase.Statement>()
  return (text) => {
    const known = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, known)
    return known
  }
}
