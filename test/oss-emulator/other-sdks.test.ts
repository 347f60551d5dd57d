import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bucket, call, createClient, element, initiate, putPart, startTestEmulator } from './support.js'

/** Alibaba's Python SDK can read only this form of an instant. */
const pythonInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/
const md5Of = (text: string): string => createHash('md5').update(text).digest('base64')

describe("what Alibaba's other SDKs ask", () => {
  it.each([
    ['the Go SDKs', '&#34;'],
    ['a hexadecimal reference', '&#x22;'],
    ['a named entity', '&quot;'],
    ['a plain quote', '"'],
  ])('completes an upload whose ETags are quoted as %s write them', async (_who, quote) => {
    const emulator = await startTestEmulator()
    const uploadId = await initiate(emulator, 'key')
    const { headers } = await putPart(emulator, 'key', uploadId, 1, 'x')
    const etag = String(headers['etag']).replaceAll('"', quote)
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
    expect((await call(emulator, { method: 'POST', key: 'key', query: { uploadId }, body })).status).toBe(200)
  })

  it('writes every instant of a listing as the Python SDK reads it', async () => {
    const emulator = await startTestEmulator()
    await call(emulator, { method: 'PUT', key: 'key', body: 'x' })
    const uploadId = await initiate(emulator, 'other')
    await putPart(emulator, 'other', uploadId, 1, 'x')
    const listings: readonly (readonly [string, string, Record<string, string | null>])[] = [
      ['LastModified', '', {}],
      ['LastModified', '', { 'list-type': '2' }],
      ['Initiated', '', { uploads: null }],
      ['LastModified', 'other', { uploadId }],
      ['CreationDate', '', { bucketInfo: null }],
    ]
    for (const [name, key, query] of listings) {
      const { text } = await call(emulator, { method: 'GET', query, ...(key === '' ? {} : { key }) })
      expect(element(text, name), JSON.stringify(query)).toMatch(pythonInstant)
    }
  })

  it('takes an empty continuation token for the first page', async () => {
    const emulator = await startTestEmulator()
    await call(emulator, { method: 'PUT', key: 'key', body: 'x' })
    const query = { 'list-type': '2', 'continuation-token': '', 'max-keys': '100' }
    const answer = await call(emulator, { method: 'GET', query })
    expect([answer.status, element(answer.text, 'Key')]).toEqual([200, 'key'])
  })

  it('lists buckets with their endpoints, page by page, also by the name of the endpoint', async () => {
    const emulator = await startTestEmulator({ buckets: [bucket, 'another-bucket'] })
    const client = createClient(emulator, 'virtual', 'v4', {
      endpoint: `http://oss-cn-hangzhou.localhost:${emulator.port}`,
    })
    const list = async (query: Record<string, string>): Promise<string> => {
      const { data } = await client.request({ method: 'GET', subres: query, successStatuses: [200] })
      return String(data)
    }
    const first = await list({ 'max-keys': '1' })
    expect(first).toContain('<Name>another-bucket</Name>')
    expect(first).not.toContain(`<Name>${bucket}</Name>`)
    expect(element(first, 'NextMarker')).toBe('another-bucket')
    const second = await list({ marker: 'another-bucket' })
    expect(element(second, 'Name')).toBe(bucket)
    expect(element(second, 'IsTruncated')).toBe('false')
    for (const name of ['ExtranetEndpoint', 'IntranetEndpoint']) {
      expect(element(second, name)).toBe(`oss-cn-hangzhou.localhost:${emulator.port}`)
    }
    await client.put('key', Buffer.from('text'))
    expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe('text')
  })

  it('keeps a bucket that is named like an endpoint', async () => {
    const emulator = await startTestEmulator({ buckets: [bucket, 'oss-cn-beijing'] })
    const client = createClient(emulator, 'virtual', 'v4', { bucket: 'oss-cn-beijing' })
    await client.put('key', Buffer.from('text'))
    expect((await call(emulator, { method: 'GET', bucket: 'oss-cn-beijing', key: 'key' })).text).toBe('text')
  })

  it('gives the MD5 of a put object on GET and HEAD, and none where it is not that of the answer', async () => {
    const emulator = await startTestEmulator()
    await call(emulator, { method: 'PUT', key: 'key', body: 'text' })
    for (const method of ['GET', 'HEAD']) {
      expect((await call(emulator, { method, key: 'key' })).headers['content-md5']).toBe(md5Of('text'))
    }
    const part = await call(emulator, { method: 'GET', key: 'key', headers: { range: 'bytes=1-2' } })
    expect([part.status, part.headers['content-md5']]).toEqual([206, undefined])
  })

  it('repeats the encryption in every answer about the making of an object', async () => {
    const emulator = await startTestEmulator()
    const encryption = { 'x-oss-server-side-encryption': 'KMS', 'x-oss-server-side-encryption-key-id': 'key-1' }
    const put = await call(emulator, { method: 'PUT', key: 'key', body: 'x', headers: encryption })
    const begun = await call(emulator, { method: 'POST', key: 'big', query: { uploads: null }, headers: encryption })
    const uploadId = element(begun.text, 'UploadId') ?? ''
    const part = await putPart(emulator, 'big', uploadId, 1, 'x')
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers['etag']}</ETag></Part></CompleteMultipartUpload>`
    const completed = await call(emulator, { method: 'POST', key: 'big', query: { uploadId }, body })
    const head = await call(emulator, { method: 'HEAD', key: 'big' })
    for (const answer of [put, begun, part, completed, head]) expect(answer.headers).toMatchObject(encryption)
  })
})

describe('tags', () => {
  it.each([
    ['letters, digits, spaces and + - = . _ : /', 'a b+c-d=e.f_g:h/1', 200],
    ['letters of any language', '发布', 200],
    ['an ampersand', 'a&amp;b', 400],
    ['an asterisk', 'a*', 400],
    ['a tab', 'a\tb', 400],
  ])('may hold %s, or are refused as OSS refuses them', async (_what, value, status) => {
    const emulator = await startTestEmulator()
    await call(emulator, { method: 'PUT', key: 'key', body: 'x' })
    const body = `<Tagging><TagSet><Tag><Key>k</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
    expect((await call(emulator, { method: 'PUT', key: 'key', query: { tagging: null }, body })).status).toBe(status)
  })
})

describe('a request that the server does not know is refused, and changes nothing', () => {
  it.each([
    ['DELETE', '', 'tagging'],
    ['DELETE', '', 'cors'],
    ['DELETE', '', 'never-heard-of'],
    ['PUT', '', 'acl'],
    ['PUT', '', 'tagging'],
    ['PUT', '', 'archiveDirectRead'],
    ['GET', '', 'tagging'],
    ['GET', '', 'stat'],
    ['GET', '', 'versions'],
    ['HEAD', '', 'acl'],
    ['POST', '', 'delete'],
    ['DELETE', 'key', 'versionId'],
    ['DELETE', 'key', 'never-heard-of'],
    ['PUT', 'key', 'symlink'],
    ['PUT', 'key', 'x-oss-process'],
    ['GET', 'key', 'x-oss-process'],
    ['GET', 'key', 'symlink'],
    ['POST', 'key', 'append'],
    ['POST', 'key', 'restore'],
  ])('%s /bucket/%s?%s', async (method, key, name) => {
    const emulator = await startTestEmulator()
    await call(emulator, { method: 'PUT', key: 'key', body: 'text' })
    const answer = await call(emulator, { method, query: { [name]: null }, ...(key === '' ? {} : { key }) })
    expect(answer.status).toBe(501)
    if (method !== 'HEAD') {
      expect(element(answer.text, 'Code')).toBe('NotImplemented')
      expect(element(answer.text, 'Message')).toContain(`?${name}`)
    }
    expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe('text')
  })

  it.each([
    ['a public bucket', { 'x-oss-acl': 'public-read' }, ''],
    [
      'a bucket of another class',
      {},
      '<CreateBucketConfiguration><StorageClass>IA</StorageClass></CreateBucketConfiguration>',
    ],
  ])('%s', async (_what, headers, body) => {
    const emulator = await startTestEmulator()
    const answer = await call(emulator, { method: 'PUT', bucket: 'new-bucket', headers, body })
    expect([answer.status, element(answer.text, 'Code')]).toEqual([501, 'NotImplemented'])
    expect((await call(emulator, { method: 'HEAD', bucket: 'new-bucket' })).status).toBe(404)
  })
})
