import { describe, expect, it } from 'vitest'
import { anybody, includesScope, mayControl, mayWrite, scopes } from '../../src/core/caller.js'

const target = { bucket: 'media', key: 'in/a.bin' }
const media = { bucket: 'media', prefix: 'in/' }

describe('Scopes', () => {
  it('include those before them', () => {
    const held = scopes.map((scope) => scopes.filter((asked) => includesScope(scope, asked)))
    expect(held).toEqual([['read'], ['read', 'submit'], ['read', 'submit', 'admin']])
  })
})

describe('A caller', () => {
  it('writes anywhere unless bound to targets', () => {
    expect(mayWrite(anybody, target)).toBe(true)
    expect(mayWrite({ roots: null, targets: [media] }, target)).toBe(true)
    expect(mayWrite({ roots: null, targets: [media] }, { bucket: 'media', key: 'inx/a.bin' })).toBe(false)
    expect(mayWrite({ roots: null, targets: [media] }, { bucket: 'other', key: 'in/a.bin' })).toBe(false)
  })

  it.each([
    [null, undefined, true],
    [null, ['/srv/a'], true],
    [['/srv/a'], undefined, false],
    [['/srv/a'], ['/srv/a'], true],
    [['/srv/a'], ['/srv/a/b'], true],
    [['/srv/a'], ['/srv/ab'], false],
    [['/'], ['/srv/a'], true],
    [['/srv/a'], ['/srv'], false],
    [['/srv/a'], ['/srv/a', '/srv/c'], false],
  ])('bound to the roots %j steers a job that was accepted within %j: %s', (roots, accepted, allowed) => {
    const options = accepted === undefined ? {} : { roots: accepted }
    expect(mayControl({ roots, targets: null }, { target, options })).toBe(allowed)
  })

  it('steers no job towards targets of others', () => {
    expect(mayControl({ roots: null, targets: [media] }, { target, options: {} })).toBe(true)
    expect(mayControl({ roots: null, targets: [media] }, { target: { ...target, key: 'x' }, options: {} })).toBe(false)
  })
})
