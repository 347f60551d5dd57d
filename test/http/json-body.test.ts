import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { parseJsonBody } from '../../src/http/server/json-body.js'

const refusalOf = (body: string | Buffer): AppError => {
  try {
    parseJsonBody(Buffer.from(body as string))
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was taken.')
}

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('A JSON body', () => {
  it('is parsed, and undefined when it is empty', () => {
    expect(parseJsonBody(Buffer.from('{"a":[1,"ü",null,{"b":true}]}'))).toEqual({ a: [1, 'ü', null, { b: true }] })
    expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined()
  })

  it('may begin with a mark of the byte order, but not with two', () => {
    expect(parseJsonBody(Buffer.from('\uFEFF{"a":1}'))).toEqual({ a: 1 })
    expect(refusalOf('\uFEFF\uFEFF{"a":1}')).toMatchObject({ code: 'invalid_request' })
  })

  it('may be nested as deep as any request, but not to exhaust the stack', () => {
    expect(parseJsonBody(Buffer.from(nested(32)))).toBeDefined()
    expect(refusalOf(nested(33)).message).toContain('nested')
    expect(refusalOf(nested(500_000)).message).toContain('nested')
  })

  it.each(['{', 'undefined', "{'a':1}", '{"a":1}}', '\u0000'])('is refused when it is not JSON: %j', (body) => {
    expect(refusalOf(body)).toMatchObject({ code: 'invalid_request', message: 'The body must be valid JSON in UTF-8.' })
  })

  it('is refused when it is not UTF-8', () => {
    // The second is a half of a surrogate pair, and the third is longer than it need be.
    for (const bytes of [[0xff], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
      expect(refusalOf(Buffer.from([0x22, ...bytes, 0x22])).message).toContain('UTF-8')
    }
  })

  it.each([
    ['{"__proto__":{"x":1}}', '__proto__'],
    ['{"a":{"constructor":1}}', 'a.constructor'],
    ['{"a":[{"prototype":null}]}', 'a.0.prototype'],
    ['{"a":"\\ud800"}', 'a'],
    ['{"a":["ok","\\udc00x"]}', 'a.1'],
    ['{"a":{"b\\ud800":1}}', 'a'],
    ['{"a":"x\\u0000y"}', 'a'],
  ])('is refused as %s, naming %s', (body, path) => {
    expect(refusalOf(body).details.errors).toEqual([{ path, message: expect.any(String) }])
  })

  it('may hold surrogate pairs', () => {
    expect(parseJsonBody(Buffer.from('"\\ud83d\\ude00😀"'))).toBe('😀😀')
  })
})
