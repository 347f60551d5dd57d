import { describe, expect, it } from 'vitest'
import { createOperations } from '../../../src/adapters/sqlite/operations/operations.js'
import { createGroupCommit } from '../../../src/adapters/sqlite/thread/group-commit.js'
import type { Request } from '../../../src/adapters/sqlite/thread/protocol.js'
import { AppError } from '../../../src/core/app-error.js'
import type { StoreOperation } from '../../../src/ports/store-operations.js'
import { jobRequest, leaseMs, multipart, node, sent, threeParts } from '../../contract/store-setup.js'
import { openTestDatabase } from './sqlite-setup.js'

const setup = () => {
  const { writer, assertInPlace } = openTestDatabase()
  const commit = createGroupCommit({ writer, operations: createOperations(writer), assertInPlace })
  let lastId = 0
  const request = (operation: StoreOperation, ...args: unknown[]): Request => ({
    id: ++lastId,
    operation,
    at: 0,
    wallOffset: 0,
    args,
  })
  const value = (operation: StoreOperation, ...args: unknown[]): unknown => {
    const [answer] = commit([request(operation, ...args)]).answers
    if (!answer?.ok) throw new Error(`${operation} failed`)
    return answer.value
  }
  return { writer, database: writer.database, commit, request, value }
}

describe('a group commit', () => {
  it('answers in order, and a read sees the writes before it', () => {
    const { commit, request } = setup()
    const { answers, topics } = commit([
      request('get', 'a'),
      request('submit', jobRequest('a'), null),
      request('get', 'a'),
    ])
    expect(answers).toMatchObject([
      { id: 1, ok: true, value: null },
      { id: 2, ok: true, value: { kind: 'created' } },
      { id: 3, ok: true, value: { id: 'a' } },
    ])
    expect(topics).toEqual(['events'])
    expect(commit([request('get', 'a')]).topics).toEqual([])
  })

  it('rolls back the one that fails, events and all, and keeps the others', () => {
    const { commit, request, value } = setup()
    value('submit', jobRequest('a'), null)
    const { claims } = value('claim', { node, limit: 1, leaseMs }) as { claims: [{ lease: object }] }
    const [{ lease }] = claims
    value('beginUpload', lease, multipart, threeParts)
    const before = value('lastEventId')
    const { answers } = commit([
      request('chargeAttempts', lease, 1),
      request('commitParts', lease, [sent(1), sent(2), { ...sent(3), size: 1 }]),
      request('chargeAttempts', lease, 2),
    ])
    expect(answers.map((answer) => answer.ok)).toEqual([true, false, true])
    expect(value('lastEventId')).toBe(before)
    expect(value('get', 'a')).toMatchObject({ attempts: 3, partsUploaded: 0 })
  })

  it('does nothing of a group for which the disk has no room, and goes on when there is', () => {
    const { database, commit, request, value } = setup()
    value('submit', jobRequest('a'), null)
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`)
    const big = (id: string) => jobRequest(id, { labels: { filling: 'x'.repeat(20_000) } })
    const { answers } = commit([
      request('submit', jobRequest('b'), null),
      request('submit', big('c'), null),
      request('submit', jobRequest('d'), null),
    ])
    expect(answers).toMatchObject([1, 2, 3].map(() => ({ ok: false, error: { code: 'storage_full' } })))
    expect(value('stats')).toMatchObject({ jobs: { queued: 1 } })
    database.pragma('max_page_count = 100000')
    expect(value('submit', big('c'), null)).toMatchObject({ kind: 'created' })
    expect(value('stats')).toMatchObject({ jobs: { queued: 2 } })
  })

  it('says that the store is unavailable when the file takes no writes, answers reads, and takes the next group', () => {
    const { database, commit, request, value } = setup()
    value('submit', jobRequest('old'), null)
    database.pragma('query_only = ON')
    const { answers, topics } = commit([
      request('get', 'old'),
      request('submit', jobRequest('a'), null),
      request('get', 'a'),
    ])
    expect(answers).toMatchObject([
      { ok: true, value: { id: 'old' } },
      { ok: false, error: { code: 'storage_unavailable' } },
      { ok: true, value: null },
    ])
    expect(topics).toEqual([])
    database.pragma('query_only = OFF')
    expect(value('submit', jobRequest('a'), null)).toMatchObject({ kind: 'created' })
  })

  it('acknowledges nothing when the file was taken away while it committed', () => {
    const { writer, request } = setup()
    let looks = 0
    const commit = createGroupCommit({
      writer,
      operations: createOperations(writer),
      assertInPlace: () => {
        if (++looks === 2) throw new AppError('storage_unavailable', 'gone')
      },
    })
    const { answers, topics } = commit([request('submit', jobRequest('a'), null)])
    expect(answers).toMatchObject([{ ok: false, error: { code: 'storage_unavailable', message: 'gone' } }])
    expect(topics).toEqual([])
  })

  it('reads without a write lock', () => {
    const { database, commit, request } = setup()
    database.pragma('query_only = ON')
    expect(commit([request('get', 'a'), request('stats')]).answers.map((answer) => answer.ok)).toEqual([true, true])
  })
})
