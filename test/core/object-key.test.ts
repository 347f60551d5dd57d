import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bucketProblem,
  isTargetAllowed,
  keyProblem,
  parseAllowedTarget,
  pathProblem,
  strayingKeyProblem,
} from '../../src/core/object-key.js'

describe('strayingKeyProblem', () => {
  it.each(['a//b', 'dir/', 'line\nend', 'a\u0000b', '\\a', 'a\u009fb', 'x'.repeat(2000)])(
    'lets %j be named, for OSS has such objects',
    (key) => {
      expect(strayingKeyProblem(key)).toBeNull()
    },
  )

  it.each(['', '/a', '//a', '.', '..', 'a/./b', 'a/../b', '../a', 'a/..', '\ud800'])(
    'refuses %j, which would reach another object or none',
    (key) => {
      expect(strayingKeyProblem(key)).toMatch(/^must /)
    },
  )
})

describe('keyProblem', () => {
  it.each(['a', 'dir/a.bin', '..a', 'a..', '...', 'a b', '中文/文件.bin', 'x'.repeat(1023), '😀'])(
    'accepts %j',
    (key) => {
      expect(keyProblem(key)).toBeNull()
    },
  )

  it.each([
    '',
    '/a',
    '\\a',
    '.',
    '..',
    'a/../b',
    'a/./b',
    '../b',
    'a/..',
    'a//b',
    'a/',
    'a\nb',
    'a\u0000b',
    'a\u007fb',
    'a\u0085b',
    '\ud800',
    'a\udc00b',
    'x'.repeat(1024),
    '中'.repeat(342),
  ])('refuses %j', (key) => {
    expect(keyProblem(key)).toMatch(/^must /)
  })

  it('accepts no key that a URL would rewrite', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (key) => {
        fc.pre(keyProblem(key) === null)
        const path = `/bucket/${key.split('/').map(encodeURIComponent).join('/')}`
        expect(new URL(path, 'http://oss').pathname).toBe(path)
      }),
    )
  })
})

describe('bucketProblem', () => {
  it.each(['abc', 'a-b', '0ab', 'a'.repeat(63)])('accepts %j', (bucket) => {
    expect(bucketProblem(bucket)).toBeNull()
  })
  it.each(['', 'ab', 'Abc', '-ab', 'ab-', 'a_b', 'a.b', 'a/b', 'a'.repeat(64)])('refuses %j', (bucket) => {
    expect(bucketProblem(bucket)).toMatch(/^must /)
  })
})

describe('pathProblem', () => {
  it('accepts absolute paths', () => {
    expect(pathProblem('/srv/in/a.bin')).toBeNull()
  })
  it.each(['a', './a', '', '/a\0b', '/\ud800', `/${'x'.repeat(4096)}`])('refuses %j', (path) => {
    expect(pathProblem(path)).toMatch(/^must /)
  })
})

describe('allowed targets', () => {
  it('end a prefix at a slash', () => {
    const allowed = [parseAllowedTarget('bucket/in')].filter((target) => target !== null)
    expect(isTargetAllowed(allowed, 'bucket', 'in/a')).toBe(true)
    expect(isTargetAllowed(allowed, 'bucket', 'inx')).toBe(false)
    expect(isTargetAllowed(allowed, 'bucket', 'in')).toBe(false)
    expect(isTargetAllowed(allowed, 'other', 'in/a')).toBe(false)
  })
  it('allow a whole bucket, and anything when there are none', () => {
    expect(isTargetAllowed([{ bucket: 'bucket', prefix: '' }], 'bucket', 'any/thing')).toBe(true)
    expect(isTargetAllowed([], 'whatever', 'key')).toBe(true)
  })
  it.each(['B', 'bucket//x', 'bucket/../x', ''])('refuse %j as a setting', (text) => {
    expect(parseAllowedTarget(text)).toBeNull()
  })
  it('take a prefix with or without its slash', () => {
    expect(parseAllowedTarget('bucket/in/')).toEqual(parseAllowedTarget('bucket/in'))
  })
})
