import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { call, element, startTestEmulator } from './support.js'

const md5 = (text: string): string => createHash('md5').update(text).digest('base64')

const setup = async (key = 'key', body = '0123456789', headers: Record<string, string> = {}) => {
  const emulator = await startTestEmulator()
  const put = await call(emulator, { method: 'PUT', key, body, headers })
  return { emulator, put }
}

describe('an object', () => {
  it('keeps its headers, metadata, storage class and tags', async () => {
    const { emulator } = await setup('key', 'x', {
      'content-type': 'video/mp4',
      'cache-control': 'no-cache',
      'content-disposition': 'attachment',
      'x-oss-meta-origin': 'cam7',
      'x-oss-storage-class': 'IA',
      'x-oss-tagging': 'run=42&note=a%20b',
      'x-oss-object-acl': 'public-read',
      'x-oss-server-side-encryption': 'AES256',
    })
    const head = await call(emulator, { method: 'HEAD', key: 'key' })
    expect(head.headers).toMatchObject({
      'content-type': 'video/mp4',
      'cache-control': 'no-cache',
      'content-disposition': 'attachment',
      'x-oss-meta-origin': 'cam7',
      'x-oss-storage-class': 'IA',
      'x-oss-tagging-count': '2',
      'x-oss-object-type': 'Normal',
      'x-oss-server-side-encryption': 'AES256',
      'content-length': '1',
    })
    const tagging = await call(emulator, { method: 'GET', key: 'key', query: { tagging: null } })
    expect(tagging.text).toContain('<Tag><Key>note</Key><Value>a b</Value></Tag>')
    const acl = await call(emulator, { method: 'GET', key: 'key', query: { acl: null } })
    expect(element(acl.text, 'Grant')).toBe('public-read')
  })

  it('takes new tags and a new ACL, and keeps its bytes', async () => {
    const { emulator } = await setup()
    const body = '<Tagging><TagSet><Tag><Key>a</Key><Value>1 + ä</Value></Tag></TagSet></Tagging>'
    const query = { tagging: null }
    expect((await call(emulator, { method: 'PUT', key: 'key', query, body })).status).toBe(200)
    expect((await call(emulator, { method: 'GET', key: 'key', query })).text).toContain('<Value>1 + ä</Value>')
    expect((await call(emulator, { method: 'DELETE', key: 'key', query })).status).toBe(204)
    expect((await call(emulator, { method: 'GET', key: 'key', query })).text).toContain('<TagSet></TagSet>')
    const headers = { 'x-oss-object-acl': 'private' }
    expect((await call(emulator, { method: 'PUT', key: 'key', query: { acl: null }, headers })).status).toBe(200)
    expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe('0123456789')
  })

  it('may be empty', async () => {
    const { emulator, put } = await setup('empty', '')
    expect(put.headers['x-oss-hash-crc64ecma']).toBe('0')
    const got = await call(emulator, { method: 'GET', key: 'empty' })
    expect([got.status, got.headers['content-length'], got.text]).toEqual([200, '0', ''])
  })

  it('is replaced by a later put, unless overwriting is forbidden', async () => {
    const { emulator } = await setup()
    await call(emulator, { method: 'PUT', key: 'key', body: 'second' })
    const headers = { 'x-oss-forbid-overwrite': 'true' }
    const third = await call(emulator, { method: 'PUT', key: 'key', body: 'third', headers })
    expect([third.status, element(third.text, 'Code')]).toEqual([409, 'FileAlreadyExists'])
    expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe('second')
    expect((await call(emulator, { method: 'PUT', key: 'other', body: 'x', headers })).status).toBe(200)
  })

  it('is gone when it was deleted, and deleting it again is no error', async () => {
    const { emulator } = await setup()
    expect((await call(emulator, { method: 'DELETE', key: 'key' })).status).toBe(204)
    expect((await call(emulator, { method: 'DELETE', key: 'key' })).status).toBe(204)
    const got = await call(emulator, { method: 'GET', key: 'key' })
    expect([got.status, element(got.text, 'Code'), element(got.text, 'Key')]).toEqual([404, 'NoSuchKey', 'key'])
  })

  it('cannot be read while it is archived', async () => {
    const { emulator } = await setup('key', 'x', { 'x-oss-storage-class': 'Archive' })
    expect(element((await call(emulator, { method: 'GET', key: 'key' })).text, 'Code')).toBe('InvalidObjectState')
    expect((await call(emulator, { method: 'HEAD', key: 'key' })).status).toBe(200)
  })
})

describe('a range', () => {
  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=8-20', 200, '0123456789', undefined],
    ['bytes=10-', 200, '0123456789', undefined],
    ['bytes=5-2', 200, '0123456789', undefined],
    ['lines=1-2', 200, '0123456789', undefined],
  ])('%s answers %i with %s', async (range, status, text, contentRange) => {
    const { emulator } = await setup()
    const got = await call(emulator, { method: 'GET', key: 'key', headers: { range } })
    expect([got.status, got.text, got.headers['content-range']]).toEqual([status, text, contentRange])
  })

  it.each([
    ['bytes=8-20', 206, 'bytes 8-9/10'],
    ['bytes=10-', 416, undefined],
  ])('%s answers %i when the client asks for the standard', async (range, status, contentRange) => {
    const { emulator } = await setup()
    const headers = { range, 'x-oss-range-behavior': 'standard' }
    const got = await call(emulator, { method: 'GET', key: 'key', headers })
    expect([got.status, got.headers['content-range']]).toEqual([status, contentRange])
  })
})

it.each([
  ['if-match', 'same', 200],
  ['if-match', 'other', 412],
  ['if-none-match', 'same', 304],
  ['if-none-match', 'other', 200],
  ['if-modified-since', 'Fri, 01 Jan 2100 00:00:00 GMT', 304],
  ['if-unmodified-since', 'Thu, 01 Jan 2015 00:00:00 GMT', 412],
])('a GET with %s: %s is answered %i', async (name, value, status) => {
  const { emulator, put } = await setup()
  const headers = { [name]: value === 'same' ? String(put.headers['etag']) : value }
  expect((await call(emulator, { method: 'GET', key: 'key', headers })).status).toBe(status)
})

describe('Content-MD5', () => {
  it('is checked', async () => {
    const { put } = await setup('key', 'text', { 'content-md5': md5('text') })
    expect(put.status).toBe(200)
  })

  it.each([md5('other'), 'nonsense', ''])('%j is refused and nothing is stored', async (digest) => {
    const { emulator, put } = await setup('key', 'text', { 'content-md5': digest })
    expect([put.status, element(put.text, 'Code')]).toEqual([400, 'InvalidDigest'])
    expect((await call(emulator, { method: 'HEAD', key: 'key' })).status).toBe(404)
  })
})

describe('what OSS refuses', () => {
  it.each([
    ['a storage class it does not have', { 'x-oss-storage-class': 'Cheap' }, 'InvalidArgument'],
    ['an ACL it does not have', { 'x-oss-object-acl': 'everybody' }, 'InvalidArgument'],
    ['an encryption it does not have', { 'x-oss-server-side-encryption': 'ROT13' }, 'InvalidArgument'],
    ['eleven tags', { 'x-oss-tagging': Array.from({ length: 11 }, (_, n) => `k${n}=v`).join('&') }, 'InvalidTag'],
    ['one tag twice', { 'x-oss-tagging': 'a=1&a=2' }, 'InvalidTag'],
    ['over 8 KB of metadata', { 'x-oss-meta-long': 'x'.repeat(9000) }, 'InvalidArgument'],
    ['a traffic limit that is too low', { 'x-oss-traffic-limit': '1000' }, 'InvalidArgument'],
    ['a copy, which the emulator cannot do', { 'x-oss-copy-source': '/a/b' }, 'NotImplemented'],
    ['a callback that is not base64', { 'x-oss-callback': '{}' }, 'InvalidArgument'],
    ['a callback that is not JSON', { 'x-oss-callback': 'eHl6' }, 'InvalidArgument'],
    [
      'a callback without a body',
      { 'x-oss-callback': btoa('{"callbackUrl":"http://127.0.0.1:1"}') },
      'InvalidArgument',
    ],
    ['a callback that is too long', { 'x-oss-callback': btoa('x'.repeat(5000)) }, 'InvalidArgument'],
  ])('%s', async (_name, headers: Record<string, string>, code) => {
    const { emulator, put } = await setup('key', 'text', headers)
    expect(element(put.text, 'Code')).toBe(code)
    expect(emulator.control.ledger().entries.map(({ stored }) => stored)).toEqual([false])
  })

  it.each([
    ['a key of 1024 bytes', 'ü'.repeat(512), 400],
    ['a key of 1023 bytes', `${'ü'.repeat(511)}x`, 200],
    ['a key that begins with a slash', '/a', 400],
    ['a key that begins with a backslash', '\\a', 400],
  ])('%s', async (_name, key, status) => {
    expect((await setup(key)).put.status).toBe(status)
  })

  it('a bucket that is not there', async () => {
    const emulator = await startTestEmulator()
    const answer = await call(emulator, { method: 'PUT', bucket: 'nowhere', key: 'k', body: 'x' })
    expect([answer.status, element(answer.text, 'BucketName')]).toEqual([404, 'nowhere'])
  })

  it.each(['ab', 'Upper', 'under_score', '-dash', 'dash-', 'x'.repeat(64)])('a bucket called %s', async (name) => {
    const emulator = await startTestEmulator()
    const answer = await call(emulator, { method: 'PUT', bucket: name })
    expect([answer.status, element(answer.text, 'Code')]).toEqual([400, 'InvalidBucketName'])
  })

  it('deleting a bucket that is not empty', async () => {
    const { emulator } = await setup()
    expect((await call(emulator, { method: 'DELETE' })).status).toBe(409)
    await call(emulator, { method: 'DELETE', key: 'key' })
    expect((await call(emulator, { method: 'DELETE' })).status).toBe(204)
    expect((await call(emulator, { method: 'HEAD' })).status).toBe(404)
  })

  it.each(['versioning', 'lifecycle', 'append'])('?%s, which the emulator cannot do', async (name) => {
    const emulator = await startTestEmulator()
    const answer = await call(emulator, { method: 'POST', key: 'key', query: { [name]: null } })
    expect([answer.status, element(answer.text, 'Code')]).toEqual([501, 'NotImplemented'])
  })
})

describe('every answer', () => {
  it('carries a request id, a date and the time it took', async () => {
    const { put } = await setup()
    expect(put.headers['x-oss-request-id']).toMatch(/^[0-9A-F]{24}$/)
    expect(Math.abs(Date.parse(String(put.headers['date'])) - Date.now())).toBeLessThan(60_000)
    expect(put.headers['x-oss-server-time']).toMatch(/^\d+$/)
  })

  it('to a failed HEAD carries the error in headers', async () => {
    const emulator = await startTestEmulator()
    const answer = await call(emulator, { method: 'HEAD', key: 'a & b' })
    expect([answer.status, answer.text, answer.headers['x-oss-ec']]).toEqual([404, '', '0026-00000001'])
    const document = Buffer.from(String(answer.headers['x-oss-err']), 'base64').toString()
    expect(element(document, 'Code')).toBe('NoSuchKey')
    expect(element(document, 'Key')).toBe('a &amp; b')
    expect(element(document, 'RequestId')).toBe(answer.headers['x-oss-request-id'])
  })
})
