import { describe, expect, it } from 'vitest'
import { jsonText } from '../../src/http/server/json-text.js'

describe('an answer as JSON', () => {
  it('is what JSON.stringify makes of it, also when it is asked for again', () => {
    const finished = { id: 'ü"\n', finishedAt: '2026-01-01T00:00:00.000Z', nested: { a: [1, null] } }
    const answers = [
      { items: [finished, { id: 'b', finishedAt: null }], nextCursor: 'c' },
      { items: [], nextCursor: null },
      { items: [1, 'x', null], nextCursor: null },
      { items: [finished], nextCursor: null, more: true },
      finished,
      null,
      [finished],
    ]
    for (const answer of [...answers, ...answers]) expect(jsonText(answer)).toBe(JSON.stringify(answer))
  })

  it('shows an item that moves as it is now', () => {
    const item = { id: 'a', finishedAt: null, n: 1 }
    expect(jsonText({ items: [item], nextCursor: null })).toContain('"n":1')
    item.n = 2
    expect(jsonText({ items: [item], nextCursor: null })).toContain('"n":2')
  })
})
