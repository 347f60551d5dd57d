import SqliteDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { prepareQuery } from '../../../src/adapters/sqlite/sql/query.js'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

const setup = () => {
  const database = new SqliteDatabase(':memory:')
  endings.push(() => database.close())
  database.exec('CREATE TABLE wide (a, b, c, d, e, f, g, h, i)')
  return { database, query: (text: string) => prepareQuery(database, text) }
}

const insert = `
  INSERT INTO wide (a, b, c, d, e, f, g, h, i)
  VALUES (:a, ':a', :b, NULL, :a, 'say "no" to :b', :c, 'f', 'g')`

describe('a query', () => {
  it('takes parameters by name wherever they stand, but not within quotes', () => {
    const { database, query } = setup()
    query(insert).run({ a: 'A', b: 'B', c: 'C', more: 'than it asks for' })
    expect(database.prepare('SELECT * FROM wide').get()).toEqual(
      Object.fromEntries(
        ['A', ':a', 'B', null, 'A', 'say "no" to :b', 'C', 'f', 'g'].map((v, i) => ['abcdefghi'[i], v]),
      ),
    )
  })

  it('refuses a name that it is not given', () => {
    const { query } = setup()
    expect(() => query(insert).run({ a: 'A', b: 'B' })).toThrow()
  })

  it('answers wide rows as the driver would', () => {
    const { database, query } = setup()
    const text = 'SELECT * FROM wide WHERE a >= ? ORDER BY a'
    for (const a of ['1', '2', '3']) query(insert).run({ a, b: `b${a}`, c: null })
    expect(query(text).all('2')).toEqual(database.prepare(text).all('2'))
    expect(query(text).get('2')).toEqual(database.prepare(text).get('2'))
    expect(query(text).get('9')).toBeUndefined()
    expect(query('SELECT a FROM wide WHERE a = :a').all({ a: '3' })).toEqual([{ a: '3' }])
  })
})
