// This is the compiled thread of the store, in which one call to SQLite or to the file system fails. A fault is {nth,
// errno, moment}: which call fails, counted from 1, how it fails, and whether it does so before or after it took
// effect. STORE_FAULT (JSON) names the channel and the fault for opening. Messages on the channel set the next fault,
// and each is answered by what the last one has hit (null means that it has hit nothing yet).
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { BroadcastChannel } from 'node:worker_threads'

const sqliteCodes = { ENOSPC: 'SQLITE_FULL', EIO: 'SQLITE_IOERR', EROFS: 'SQLITE_READONLY', EMFILE: 'SQLITE_CANTOPEN' }

const require = createRequire(import.meta.url)
const SqliteDatabase = require('better-sqlite3')

const { channel: name, fault: first } = JSON.parse(process.env.STORE_FAULT)
const channel = new BroadcastChannel(name)
channel.unref()

let fault = null
let calls = 0
let hit = null
let inside = false

channel.onmessage = ({ data }) => {
  const last = hit
  fault = data
  calls = 0
  hit = null
  channel.postMessage({ hit: last })
}

/** Does the work, which may be the call that fails. What a call does inside itself is not counted. */
const attempt = (what, work, errorOf) => {
  if (fault === null || inside) return work()
  calls += 1
  inside = true
  try {
    if (calls !== fault.nth) return work()
    hit = what
    if (fault.moment === 'after') work()
  } finally {
    inside = false
  }
  channel.postMessage({ hit })
  throw errorOf(`injected into ${what}`)
}

const sqliteError = (message) => new SqliteDatabase.SqliteError(message, sqliteCodes[fault.errno])
const systemError = (message) =>
  Object.assign(new Error(`${fault.errno}: ${message}`), { code: fault.errno, syscall: 'injected' })

const wrap = (object, names, errorOf) => {
  for (const name of names) {
    const original = object[name]
    object[name] = function faulty(...args) {
      return attempt(`${name} ${String(args[0] ?? '').slice(0, 40)}`, () => original.apply(this, args), errorOf)
    }
  }
}

wrap(
  fs,
  ['mkdirSync', 'statfsSync', 'statSync', 'chmodSync', 'openSync', 'fsyncSync', 'writeFileSync', 'readdirSync'],
  systemError,
)
syncBuiltinESMExports()

// A transaction counts by the statements in it, and a pragma by itself.
wrap(SqliteDatabase.prototype, ['exec', 'pragma', 'prepare'], sqliteError)
const statement = Object.getPrototypeOf(new SqliteDatabase(':memory:').prepare('SELECT 1'))
wrap(statement, ['run', 'get', 'all', 'iterate'], sqliteError)
require.cache[require.resolve('better-sqlite3')].exports = class extends SqliteDatabase {
  constructor(...args) {
    attempt(`open ${args[0]}`, () => {}, sqliteError)
    super(...args)
  }
}

fault = first
await import('../../../dist/adapters/sqlite/thread/store-thread.js')
