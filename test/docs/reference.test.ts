import { readFile } from 'node:fs/promises'
import SqliteDatabase from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { migrate, readMigrations } from '../../src/adapters/sqlite/files/migrate.js'
import { batchStates } from '../../src/core/batch.js'
import { eventTypes } from '../../src/core/event.js'
import { jobStates, jobTransitions, waitingReasons } from '../../src/core/job.js'

const read = (page: string): Promise<string> =>
  readFile(new URL(`../../docs/reference/${page}`, import.meta.url), 'utf8')

/** Returns the rows of the table below a heading: the cells, the first one without its code marks. */
const rowsBelow = (page: string, heading: string): readonly (readonly string[])[] => {
  const [section = ''] = (page.split(`\n## ${heading}\n`)[1] ?? '').split('\n## ')
  const lines = section.split('\n').filter((line) => line.startsWith('| `'))
  return lines
    .map((line) => line.slice(2, -2).split(' | '))
    .map(([first = '', ...rest]) => [first.replaceAll('`', ''), ...rest])
}

const words = (cell = ''): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word)

describe('docs/reference/states-and-events.md', () => {
  it('has every state of a job with what it goes on to', async () => {
    const rows = rowsBelow(await read('states-and-events.md'), 'States of a job')
    expect(rows.map(([state]) => state).sort()).toEqual([...jobStates].sort())
    for (const [state = '', , next] of rows) {
      expect(words(next).sort(), state).toEqual([...jobTransitions[state as keyof typeof jobTransitions]].sort())
    }
  })

  it('has every reason to wait, every state of a batch and every event, and none besides', async () => {
    const page = await read('states-and-events.md')
    const names = (heading: string) => rowsBelow(page, heading).map(([name]) => name)
    expect(names('Why a job waits').sort()).toEqual([...waitingReasons].sort())
    expect(names('States of a batch').sort()).toEqual([...batchStates].sort())
    expect(names('Events').sort()).toEqual([...eventTypes].sort())
  })
})

it('docs/reference/database.md has every table with every column, and none besides', async () => {
  const database = new SqliteDatabase(':memory:')
  migrate(database, 0, readMigrations())
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .pluck()
    .all() as string[]
  const columnsOf = (table: string) =>
    (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
  const lines = (await read('database.md')).split('\n').filter((line) => line.startsWith('| `'))
  const rows = lines.map((line) => line.slice(2, -2).split(' | '))
  expect(rows.map(([table, , columns]) => [words(table)[0], words(columns)])).toEqual(
    tables.map((table) => [table, columnsOf(table)]),
  )
})
