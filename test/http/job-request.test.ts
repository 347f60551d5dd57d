import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHarness, validBody } from './harness.js'

const setup = async () => {
  const { app, jobs } = await createHarness()
  const submit = async (changes: object) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/jobs',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ ...validBody, ...changes }),
    })
    return { status: answer.statusCode, body: answer.json() }
  }
  return { submit, jobs }
}

const target = (key: string, bucket = 'media') => ({ target: { bucket, key } })
const labels = (count: number) => ({
  labels: Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, ''])),
})
const gib5 = 5 * 1024 ** 3

describe('A job request', () => {
  it.each([
    { partSize: 102_400 },
    { partSize: gib5 },
    { multipartThreshold: 102_400 },
    { multipartThreshold: gib5 },
    { parallel: 1 },
    { parallel: 64 },
    { bandwidth: '20MiB' },
    { priority: -100 },
    { priority: 100 },
    { crc64: '0' },
    { crc64: '18446744073709551615' },
    { labels: { ['k'.repeat(63)]: 'v'.repeat(255), ['😀'.repeat(63)]: '' } },
    labels(16),
    { headers: { 'x-oss-meta-origin': 'cam7' } },
    { notBefore: '2026-01-01T00:00:00.123+08:00' },
    target('a/b c/ü.bin'),
    target('x'.repeat(1023)),
    { source: { path: '/srv/in/x\u0001y' } },
  ])('may say %j', async (changes) => {
    const { submit } = await setup()
    expect(await submit(changes)).toMatchObject({ status: 201 })
  })

  it.each([
    ['source', { source: undefined }],
    ['source', { source: '/srv/in/a' }],
    ['source.path', { source: {} }],
    ['source.path', { source: { path: 'srv/in/a' } }],
    ['source.path', { source: { path: './a' } }],
    ['source.path', { source: { path: '' } }],
    ['source.path', { source: { path: '/srv/in/a\u0000' } }],
    ['source.path', { source: { path: 5 } }],
    ['source.mode', { source: { path: '/srv/in/a', mode: 1 } }],
    ['target', { target: null }],
    ['target.key', { target: { bucket: 'media' } }],
    ['target.region', { target: { bucket: 'media', key: 'a', region: 'x' } }],
    ['target.bucket', target('a', 'Media')],
    ['target.bucket', target('a', 'x')],
    ['target.key', target('')],
    ['target.key', target('/a')],
    ['target.key', target('\\a')],
    ['target.key', target('a//b')],
    ['target.key', target('a/../b')],
    ['target.key', target('./a')],
    ['target.key', target('a\nb')],
    ['target.key', target('\ud800')],
    ['target.key', target('x'.repeat(1024))],
    ['target.key', target('ü'.repeat(512))],
    ['partSize', { partSize: 102_399 }],
    ['partSize', { partSize: gib5 + 1 }],
    ['partSize', { partSize: 200_000.5 }],
    ['partSize', { partSize: '200000' }],
    ['partSize', { partSize: null }],
    ['multipartThreshold', { multipartThreshold: 0 }],
    ['parallel', { parallel: 0 }],
    ['parallel', { parallel: 65 }],
    ['bandwidth', { bandwidth: '08:00,1MiB 19:00,off' }],
    ['bandwidth', { bandwidth: 1_048_576 }],
    ['bandwidth', { bandwidth: 'none' }],
    ['sequential', { sequential: 'yes' }],
    ['headers', { headers: [] }],
    ['headers.Content-Length', { headers: { 'Content-Length': '5' } }],
    ['headers.x-oss-meta-a', { headers: { 'x-oss-meta-a': 'b\r\nc: d' } }],
    ['headers.x-oss-meta-a', { headers: { 'x-oss-meta-a': 1 } }],
    ['headers.content-type', { headers: { 'Content-Type': 'a/b', 'content-type': 'a/b' } }],
    ['ifExists', { ifExists: 'Overwrite' }],
    ['crc64', { crc64: '18446744073709551616' }],
    ['crc64', { crc64: '01' }],
    ['crc64', { crc64: '-1' }],
    ['crc64', { crc64: 12 }],
    ['priority', { priority: 101 }],
    ['labels', labels(17)],
    ['labels.', { labels: { '': 'x' } }],
    [`labels.${'k'.repeat(64)}`, { labels: { ['k'.repeat(64)]: 'x' } }],
    ['labels.a', { labels: { a: 'v'.repeat(256) } }],
    ['labels.a', { labels: { a: 1 } }],
    ['labels.a=b', { labels: { 'a=b': 'c' } }],
    ['headers.x-oss-storage-class', { headers: { 'x-oss-storage-class': 'ia' } }],
    ['headers.x-oss-meta-a', { headers: { 'x-oss-meta-a': 'v'.repeat(8192) } }],
    ['headers.x-oss-server-side-encryption-key-id', { headers: { 'x-oss-server-side-encryption-key-id': 'k' } }],
    ['notBefore', { notBefore: '2026-01-01' }],
    ['notBefore', { notBefore: '2026-01-01T00:00:00' }],
    ['notBefore', { notBefore: '2026-02-30T00:00:00Z' }],
    ['notAfter', { notAfter: 1767225600000 }],
    ['notAfter', { notBefore: '2026-01-02T00:00:00Z', notAfter: '2026-01-02T00:00:00Z' }],
    ['onSourceChange', { onSourceChange: 'ignore' }],
    ['id', { id: 'x' }],
    ['constructor', { constructor: 1 }],
    ['labels.prototype', { labels: { prototype: 'x' } }],
  ])('is refused naming %s when it says %j', async (path, changes) => {
    const { submit, jobs } = await setup()
    const { status, body } = await submit(changes)
    expect(status).toBe(400)
    expect(body.code).toBe('invalid_request')
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path)
    expect(body.errors.every((error: { message: string }) => error.message.length > 8)).toBe(true)
    expect(jobs.calls).toEqual([])
  })

  it('is told every offender at once, in words', async () => {
    const { submit } = await setup()
    const { body } = await submit({ partSize: 1, color: 'red', source: undefined, ifExists: 'no' })
    expect(body.errors).toEqual([
      { path: 'source', message: 'is required' },
      { path: 'partSize', message: 'must be at least 102400' },
      { path: 'ifExists', message: 'must be one of overwrite, skip, skipSame, fail' },
      { path: 'color', message: 'is not a known field' },
    ])
    expect(body.detail).toContain('source is required')
  })

  it.each(['null', '[]', '"x"', '1'])('is refused when it is %s', async (payload) => {
    const { app } = await createHarness()
    const headers = { 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url: '/v1/jobs', headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().detail).toBe('The body must be an object.')
  })

  it('is never answered by anything but 201 or a 400 that names what is wrong', async () => {
    const { submit } = await setup()
    const fields = ['partSize', 'headers', 'labels', 'source', 'target', 'crc64', 'notAfter', '__proto__', 'valueOf']
    const changes = fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string()), fc.jsonValue({ maxDepth: 4 }))
    await fc.assert(
      fc.asyncProperty(changes, async (members) => {
        const { status, body } = await submit(members)
        if (status === 201) return
        expect(status).toBe(400)
        expect(body.code).toBe('invalid_request')
        expect(body.errors.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })
})
