import { afterEach, expect, it } from 'vitest'
import { createOperations } from '../../../src/adapters/sqlite/operations/operations.js'
import { createGroupCommit } from '../../../src/adapters/sqlite/thread/group-commit.js'
import { openDatabase } from '../../../src/adapters/sqlite/thread/open.js'
import type { Claim } from '../../../src/ports/queue-store.js'
import type { StoreOperation } from '../../../src/ports/store-operations.js'
import { jobRequest, leaseMs, node } from '../../contract/store-setup.js'
import { makeTemporaryDirectory } from './sqlite-setup.js'

const hour = 3_600_000

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end()
})

/** Sets up a database whose caller has two clocks: `wall` may be set, and `monotonic` only passes. */
const setup = (directory: string) => {
  const { writer, close, assertInPlace } = openDatabase({ directory, node: 'node', at: 0 })
  endings.push(close)
  const commit = createGroupCommit({ writer, operations: createOperations(writer), assertInPlace })
  const time = { wall: 0, monotonic: 0 }
  const call = (operation: StoreOperation, ...args: unknown[]) => {
    const { wall: at, monotonic } = time
    const [answer] = commit([{ id: 1, operation, at, wallOffset: at - monotonic, args }]).answers
    return answer
  }
  const value = (operation: StoreOperation, ...args: unknown[]): unknown => {
    const answer = call(operation, ...args)
    if (!answer?.ok) throw new Error(`${operation} failed`)
    return answer.value
  }
  const claims = (): readonly Claim[] =>
    (value('claim', { node, limit: 9, leaseMs }) as { claims: readonly Claim[] }).claims
  return { database: writer.database, close, time, call, value, claims }
}

const makeDirectory = (): string => {
  const directory = makeTemporaryDirectory()
  endings.push(directory.remove)
  return directory.path
}

it('a jump whose transaction fails is followed by the next one, once', () => {
  const { database, time, call, value, claims } = setup(makeDirectory())
  value('submit', jobRequest('a'), null)
  expect(claims()).toHaveLength(1)
  time.wall += hour
  database.pragma('query_only = ON')
  expect(call('claim', { node, limit: 9, leaseMs })).toMatchObject({ ok: false })
  database.pragma('query_only = OFF')
  expect(claims()).toEqual([])
  time.wall += leaseMs - 1
  time.monotonic += leaseMs - 1
  expect(claims()).toEqual([])
  time.wall += 1
  time.monotonic += 1
  claims()
  expect(value('get', 'a')).toMatchObject({ crashes: 1 })
})

it('a clock that is slewed is followed only when it has gone a second astray', () => {
  const { time, value, claims } = setup(makeDirectory())
  value('submit', jobRequest('a'), null)
  const [claim] = claims()
  value('release', claim?.lease, { to: 'queued', waiting: 'backoff', delayMs: 10_000 })
  time.wall += 999
  expect(value('get', 'a')).toMatchObject({ dueAt: 10_000 })
  claims()
  expect(value('get', 'a')).toMatchObject({ dueAt: 10_000 })
  time.wall += 1
  claims()
  expect(value('get', 'a')).toMatchObject({ dueAt: 11_000 })
})

it('a backoff from a clock that was set back while nobody ran ends within an hour; a chosen start stays', () => {
  const directory = makeDirectory()
  const first = setup(directory)
  first.time.wall = 24 * hour
  first.value('submit', jobRequest('a'), null)
  const [claim] = first.claims()
  first.value('release', claim?.lease, { to: 'queued', waiting: 'backoff', delayMs: 10_000 })
  first.value('submit', jobRequest('b', { dueAt: 48 * hour }), null)
  first.close()

  const { value, claims } = setup(directory)
  expect(claims()).toEqual([])
  expect(value('get', 'a')).toMatchObject({ dueAt: hour })
  expect(value('get', 'b')).toMatchObject({ dueAt: 48 * hour })
})
