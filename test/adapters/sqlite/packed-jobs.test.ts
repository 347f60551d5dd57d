import { describe, expect, it } from 'vitest'
import { createUnpacker } from '../../../src/adapters/sqlite/sql/packed-jobs.js'
import { jobColumns } from '../../../src/adapters/sqlite/sql/rows.js'

const textOf = (id: string, changes: Record<string, unknown> = {}): string => {
  const row: Record<string, unknown> = { id, state: 'completed', options: '{}', labels: '{"a":"ü\\n"}', ...changes }
  return JSON.stringify(jobColumns.map((name) => row[name] ?? null))
}

describe('a job that crosses between the threads as a text', () => {
  it('is the same object again while it is settled and its text is the same', () => {
    const unpack = createUnpacker()
    const job = unpack(textOf('j-1'))
    expect(job).toMatchObject({ id: 'j-1', state: 'completed', labels: { a: 'ü\n' } })
    expect(unpack(textOf('j-1'))).toBe(job)
    expect(unpack(textOf('j-1', { version: 2 }))).toMatchObject({ version: 2 })
  })

  it('is made anew while it may move', () => {
    const unpack = createUnpacker()
    expect(unpack(textOf('j-1', { state: 'running' }))).not.toBe(unpack(textOf('j-1', { state: 'running' })))
  })

  it('is forgotten when many others were asked for since, and not while it is in use', () => {
    const unpack = createUnpacker()
    const [used, unused] = [unpack(textOf('used')), unpack(textOf('unused'))]
    for (let n = 0; n < 2_000; n++) {
      unpack(textOf(`other-${n}`))
      if (n % 100 === 0) expect(unpack(textOf('used'))).toBe(used)
    }
    expect(unpack(textOf('unused'))).not.toBe(unused)
  })
})
