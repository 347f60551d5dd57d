// This is loaded with --import ahead of everything, in every thread. It puts failpoints inside a commit of SQLite. Only
// transactions that write are counted.
import SqliteDatabase from 'better-sqlite3'
import { passes } from './failpoint.mjs'

const prepare = SqliteDatabase.prototype.prepare
let writing = false

/** Runs `before`, then the statement, and then `after`. */
const around = (statement, before, after) => ({
  run() {
    before()
    const result = statement.run()
    after()
    return result
  },
})

const begins = (mode) => () => {
  writing = mode
}
const commits = (side) => () => {
  if (writing) passes(`sqlite.commit:${side}`)
}
const nothing = () => {}

SqliteDatabase.prototype.prepare = function prepareWithFailpoints(sql) {
  const statement = prepare.call(this, sql)
  if (sql === 'BEGIN') return around(statement, nothing, begins(false))
  if (sql === 'BEGIN IMMEDIATE') return around(statement, nothing, begins(true))
  if (sql === 'COMMIT') return around(statement, commits('before'), commits('after'))
  return statement
}
