import { describe, expect, it } from 'vitest'
import { parseTokenLines } from '../../../src/adapters/tokens/token-lines.js'

const unbound = { roots: null, targets: null }

describe('A token file', () => {
  it('holds a scope and a token in each line, and passes comments and blank lines over', () => {
    expect(parseTokenLines('# who may what\r\nread:r1\r\n\n  submit:s:1  \nadmin:a1')).toEqual([
      { name: 'line 2', scope: 'read', token: 'r1', ...unbound },
      { name: 'line 4', scope: 'submit', token: 's:1', ...unbound },
      { name: 'line 5', scope: 'admin', token: 'a1', ...unbound },
    ])
  })

  it('may name a token and bind it to roots and targets', () => {
    const [token] = parseTokenLines('submit:s1 name=camera-7 roots=/srv/a:/srv/b/ targets=media/in,archive')
    expect(token).toEqual({
      name: 'camera-7',
      scope: 'submit',
      token: 's1',
      roots: ['/srv/a', '/srv/b/'],
      targets: [
        { bucket: 'media', prefix: 'in/' },
        { bucket: 'archive', prefix: '' },
      ],
    })
  })

  it.each([
    ['', 'holds no token'],
    ['# none\n', 'holds no token'],
    ['read:canary\nwrite:canary', 'line 2 must be scope:token'],
    ['canary', 'line 1 must be scope:token'],
    ['read:', 'line 1 must be scope:token'],
    ['read:cänary', 'line 1 must be scope:token'],
    ['read:canary canary', 'line 1 has a field other than name=, roots= and targets='],
    ['read:canary name=', 'line 1 must have a name'],
    ['read:canary name=a/b', 'line 1 must have a name'],
    ['read:canary name=a name=b', 'line 1 has name= twice'],
    ['read:canary roots=', 'line 1 has an empty roots='],
    ['read:canary roots=srv', 'line 1 must have absolute directories'],
    ['read:canary targets=,', 'line 1 has an empty targets='],
    ['read:canary targets=B', 'line 1 must have buckets'],
    ['read:canary targets=media/../x', 'line 1 must have buckets'],
    ['read:canary\nadmin:canary', 'holds the same token twice'],
  ])('is refused as %j, with the place and never the token', (text, message) => {
    expect(() => parseTokenLines(text)).toThrow(message)
    try {
      parseTokenLines(text)
    } catch (error) {
      expect(String(error)).not.toContain('canary')
    }
  })
})
