import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import { beginThread, collectEarly } from '../../../src/adapters/heap/heap-flags.js'

afterAll(() => setFlagsFromString('--incremental-marking-soft-trigger=0'))

const sourceOf = (name: string): string => `(function ${name}() { return 1 })()`

/**
 * Returns whether V8 takes code that was compiled before the flag was changed, as a thread would load it. The kept code
 * says that it was compiled from a source of this length, which is all that V8 compares besides its flags.
 */
const takes = (cachedData: Buffer, name: string): boolean =>
  new Script(sourceOf(name), { cachedData }).cachedDataRejected === false

describe('Collecting early', () => {
  it('gives way while a thread starts, so that V8 takes the code that was compiled before', () => {
    const code = new Script(sourceOf('a')).createCachedData()
    expect(takes(code, 'b')).toBe(true)
    const unneeded = beginThread()
    collectEarly()
    expect(takes(code, 'c')).toBe(false)
    const first = beginThread()
    const second = beginThread()
    expect(takes(code, 'd')).toBe(true)
    first()
    first()
    unneeded()
    expect(takes(code, 'e')).toBe(true)
    second()
    expect(takes(code, 'f')).toBe(false)
  })
})
