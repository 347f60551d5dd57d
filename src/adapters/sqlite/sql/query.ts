import type SqliteDatabase from 'better-sqlite3'

/**
 * This is a prepared statement. A named parameter takes its value from the first of the given objects that has it.
 * Parameters written `?` take their values in order.
 */
export interface Query {
  run(...params: readonly unknown[]): SqliteDatabase.RunResult
  get(...params: readonly unknown[]): unknown
  all(...params: readonly unknown[]): unknown[]
}

/** It does not pay to read rows with fewer columns by position. */
const wideColumns = 8

type Values = readonly unknown[]

/** This finds `:name` anywhere except within quotes. */
const parameter = /'[^']*'|"[^"]*"|:(\w+)/g

/** Returns the same text with `?` for every `:name`, and the names in the order in which their values are wanted. */
const numbered = (text: string): { text: string; names: readonly string[] } => {
  const names: string[] = []
  const replaced = text.replace(parameter, (found, name: string | undefined) => {
    if (name === undefined) return found
    names.push(name)
    return '?'
  })
  return { text: replaced, names }
}

/** Returns a function that makes rows of the values of one statement. All rows have one shape. */
const rowMaker = (columns: readonly string[]): ((values: Values) => Record<string, unknown>) => {
  const empty: Record<string, unknown> = Object.fromEntries(columns.map((name) => [name, null]))
  return (values) => {
    const row = { ...empty }
    for (let i = 0; i < columns.length; i++) row[columns[i] as string] = values[i]
    return row
  }
}

/**
 * Prepares a statement whose values cross between SQLite and JavaScript by position. The driver would look up every
 * name of every parameter and column each time, which costs more than SQLite's own work on a wide row.
 */
export const prepareQuery = (database: SqliteDatabase.Database, named: string): Query => {
  const { text, names } = numbered(named)
  const statement = database.prepare(text)
  const valuesOf = (params: Values): Values => {
    if (names.length === 0) return params
    return names.map((name) => {
      for (const given of params as readonly Readonly<Record<string, unknown>>[]) {
        const value = given[name]
        if (value !== undefined) return value
      }
      // The driver would take a missing value for null.
      throw new TypeError(`the parameter ${name} is missing`)
    })
  }
  const run: Query['run'] = (...params) => statement.run(valuesOf(params))
  const columns = statement.reader ? statement.columns().map(({ name }) => name) : []
  if (columns.length < wideColumns) {
    return {
      run,
      get: (...params) => statement.get(valuesOf(params)),
      all: (...params) => statement.all(valuesOf(params)),
    }
  }
  statement.raw()
  const rowOf = rowMaker(columns)
  return {
    run,
    get: (...params) => {
      const values = statement.get(valuesOf(params)) as Values | undefined
      return values && rowOf(values)
    },
    all: (...params) => (statement.all(valuesOf(params)) as Values[]).map(rowOf),
  }
}
