import { describe, expect, it } from 'vitest'
import { headerProblem, headerProblems, routeHeaders } from '../../src/core/object-headers.js'

const wanted = {
  'Content-Type': 'video/mp4',
  'Cache-Control': 'no-cache',
  'X-OSS-Storage-Class': 'IA',
  'x-oss-server-side-encryption': 'KMS',
  'x-oss-meta-origin': 'cam7',
  'x-oss-tagging': 'a=b',
  'x-oss-object-acl': 'private',
  'x-oss-request-payer': 'requester',
  'x-oss-traffic-limit': '819200',
  'x-oss-brand-new': 'yes',
}

describe('routeHeaders', () => {
  it('gives a put everything, in lower case', () => {
    const expected = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name.toLowerCase(), value]))
    expect(routeHeaders('put', wanted)).toEqual(expected)
  })

  it('gives Initiate what describes the object, and headers it does not know', () => {
    expect(Object.keys(routeHeaders('initiate', wanted)).sort()).toEqual([
      'cache-control',
      'content-type',
      'x-oss-brand-new',
      'x-oss-meta-origin',
      'x-oss-request-payer',
      'x-oss-server-side-encryption',
      'x-oss-storage-class',
      'x-oss-tagging',
    ])
  })

  it('gives a part only the payer and the traffic limit', () => {
    expect(Object.keys(routeHeaders('part', wanted)).sort()).toEqual(['x-oss-request-payer', 'x-oss-traffic-limit'])
  })

  it('gives Complete only the payer and the ACL', () => {
    expect(Object.keys(routeHeaders('complete', wanted)).sort()).toEqual(['x-oss-object-acl', 'x-oss-request-payer'])
  })

  it('never hands out the caller’s own object', () => {
    const headers = Object.freeze({ a: 'b' })
    const routed = routeHeaders('put', headers)
    routed['c'] = 'd'
    expect(headers).toEqual({ a: 'b' })
  })

  it('takes the last of names that differ in case only', () => {
    expect(routeHeaders('put', { 'Content-Type': 'a/b', 'content-type': 'c/d' })).toEqual({ 'content-type': 'c/d' })
  })

  it('is not confused by names that every object has', () => {
    expect(routeHeaders('put', { constructor: 'x', toString: 'y' })).toEqual({ constructor: 'x', tostring: 'y' })
  })
})

describe('headerProblem', () => {
  it.each([
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['x-oss-meta-note', 'with spaces & ~signs'],
    ['x-oss-meta-empty', ''],
    ['x-oss-traffic-limit', '819200'],
    ['x-oss-traffic-limit', '838860800'],
    ['x-oss-storage-class', 'IA'],
    ['x-oss-storage-class', 'DeepColdArchive'],
    ['X-Oss-Server-Side-Encryption', 'SM4'],
    ['x-oss-object-acl', 'public-read'],
    ['x-oss-request-payer', 'requester'],
    ['x-oss-tagging', ''],
    ['x-oss-tagging', 'a=1&b&c=%E5%8C%97%E4%BA%AC&d=x+y%2Fz'],
    ['x-oss-brand-new', 'yes'],
    ['Content-Disposition', 'attachment; filename="a.bin"'],
  ])('accepts %s: %s', (name, value) => {
    expect(headerProblem(name, value)).toBeNull()
  })

  it.each([
    'Host',
    'Content-Length',
    'content-md5',
    'Authorization',
    'Date',
    'Connection',
    'Transfer-Encoding',
    'TE',
    'Upgrade',
    'Expect',
    'X-OSS-Date',
    'x-oss-security-token',
    'x-oss-content-sha256',
    'x-oss-callback',
    'x-oss-callback-var',
    'x-oss-forbid-overwrite',
    'X-Oss-Meta-Longshore-Upload',
    'x-oss-copy-source',
    'x-oss-copy-source-range',
    'x-oss-additional-headers',
    'x-oss-hash-crc64ecma',
  ])('refuses %s, which is ours', (name) => {
    expect(headerProblem(name, 'x')).toMatch(/set by Longshore/)
  })

  it.each([
    ['', 'x'],
    ['a b', 'x'],
    ['a:b', 'x'],
    ['a\r\nb', 'x'],
    ['ü', 'x'],
    ['x-oss-meta-', 'x'],
    ['x-oss-meta-a', 'line\r\nbreak'],
    ['x-oss-meta-a', 'nul\0'],
    ['x-oss-meta-a', 'tab\t'],
    ['x-oss-meta-a', 'schön'],
    ['x-oss-meta-a', 'del\x7f'],
    ['Content-Type', ' '],
    ['x-oss-traffic-limit', '819199'],
    ['x-oss-traffic-limit', '838860801'],
    ['x-oss-traffic-limit', '1e6'],
    ['x-oss-traffic-limit', ''],
    ['x-oss-storage-class', 'ia'],
    ['x-oss-storage-class', 'Standard '],
    ['x-oss-server-side-encryption', 'AES-256'],
    ['x-oss-server-side-data-encryption', 'AES256'],
    ['x-oss-object-acl', 'public'],
    ['x-oss-request-payer', 'me'],
    ['x-oss-meta-a_b', 'x'],
    ['x-oss-tagging', 'a=1&a=2'],
    ['x-oss-tagging', '=1'],
    ['x-oss-tagging', 'a=1=2'],
    ['x-oss-tagging', 'a=%E4'],
    ['x-oss-tagging', 'a=<'],
    ['x-oss-tagging', `${'k'.repeat(129)}=1`],
    ['x-oss-tagging', `k=${'v'.repeat(257)}`],
    ['x-oss-tagging', Array.from({ length: 11 }, (_, n) => `k${n}=1`).join('&')],
  ])('refuses %j: %j', (name, value) => {
    expect(headerProblem(name, value)).not.toBeNull()
  })
})

describe('headerProblems', () => {
  it('finds nothing in headers that OSS takes', () => {
    expect(
      headerProblems({
        ...wanted,
        'x-oss-server-side-encryption-key-id': '9468da86',
        'x-oss-server-side-data-encryption': 'SM4',
      }),
    ).toEqual([])
  })

  it('finds a name that is given twice, in whatever case', () => {
    const [problem] = headerProblems({ 'Content-Type': 'a/b', 'content-type': 'c/d' })
    expect(problem).toEqual({ name: 'content-type', message: 'is given twice: names differ only in case' })
  })

  it('wants the keys of KMS with KMS only', () => {
    const headers = { 'x-oss-server-side-encryption': 'AES256', 'x-oss-server-side-encryption-key-id': 'id' }
    expect(headerProblems(headers)).toEqual([
      {
        name: 'x-oss-server-side-encryption-key-id',
        message: 'goes with x-oss-server-side-encryption: KMS only',
      },
    ])
  })

  it('leaves our marker its room in the 8 KiB of metadata', () => {
    const room = 8192 - 'x-oss-meta-longshore-upload'.length - 32
    const fits = 'v'.repeat(room - 'x-oss-meta-a'.length)
    expect(headerProblems({ 'x-oss-meta-a': fits })).toEqual([])
    expect(headerProblems({ 'x-oss-meta-a': `${fits}v` })).toHaveLength(1)
    expect(headerProblems({ 'x-oss-meta-a': fits, 'x-oss-meta-b': '', 'x-oss-meta-c': 'x' })).toHaveLength(1)
  })
})
