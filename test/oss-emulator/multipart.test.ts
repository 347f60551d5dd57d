import { describe, expect, it } from 'vitest'
import { crc64Of } from '../../src/core/crc64.js'
import { call, complete, element, initiate, putPart, type RawAnswer, startTestEmulator } from './support.js'

const minPart = 100 * 1024
const key = 'dir/object'
const piece = (fill: string, size = minPart): Buffer => Buffer.alloc(size, fill)

const setup = async (sequential = false) => {
  const emulator = await startTestEmulator()
  const uploadId = await initiate(emulator, key, sequential ? { query: { sequential: null } } : {})
  const part = async (partNumber: number, body: Buffer): Promise<{ partNumber: number; etag: string }> => {
    const answer = await putPart(emulator, key, uploadId, partNumber, body)
    return { partNumber, etag: String(answer.headers['etag']) }
  }
  return { emulator, uploadId, part }
}

const refusal = (answer: RawAnswer) => [answer.status, element(answer.text, 'Code')]

describe('completing', () => {
  it('makes one object of the parts, with the CRC-64 of the bytes that are served', async () => {
    const { emulator, uploadId, part } = await setup()
    // The second part is sent twice, and the later one counts.
    await part(7, piece('x'))
    const parts = [await part(2, piece('a')), await part(7, piece('b', minPart + 5)), await part(9, piece('c', 3))]
    const answer = await complete(emulator, key, uploadId, parts)
    const bytes = Buffer.concat([piece('a'), piece('b', minPart + 5), piece('c', 3)])
    expect(answer.status).toBe(200)
    expect(answer.headers['etag']).toMatch(/^"[0-9A-F]{32}-3"$/)
    expect(element(answer.text, 'ETag')).toBe(String(answer.headers['etag']).replaceAll('"', '&quot;'))
    expect(answer.headers['x-oss-hash-crc64ecma']).toBe(crc64Of(bytes).toString())

    const got = await call(emulator, { method: 'GET', key })
    expect(got.body.equals(bytes)).toBe(true)
    expect(got.headers).toMatchObject({ 'x-oss-object-type': 'Multipart', etag: answer.headers['etag'] })
    const range = { range: `bytes=${minPart - 2}-${minPart + 1}` }
    expect((await call(emulator, { method: 'GET', key, headers: range })).text).toBe('aabb')
    expect(emulator.control.uploads()).toEqual([])
  })

  it('leaves out parts that are not named', async () => {
    const { emulator, uploadId, part } = await setup()
    const first = await part(1, piece('a'))
    await part(2, piece('b'))
    await complete(emulator, key, uploadId, [first])
    expect((await call(emulator, { method: 'GET', key })).body.equals(piece('a'))).toBe(true)
  })

  it('gives the object what the upload was begun with, and the ACL it is completed with', async () => {
    const emulator = await startTestEmulator()
    const uploadId = await initiate(emulator, key, {
      headers: {
        'content-type': 'video/mp4',
        'x-oss-meta-a': '1',
        'x-oss-storage-class': 'IA',
        'x-oss-tagging': 'k=v',
      },
    })
    const { headers } = await putPart(emulator, key, uploadId, 1, 'x')
    const parts = [{ partNumber: 1, etag: String(headers['etag']) }]
    await complete(emulator, key, uploadId, parts, { 'x-oss-object-acl': 'private' })
    expect((await call(emulator, { method: 'HEAD', key })).headers).toMatchObject({
      'content-type': 'video/mp4',
      'x-oss-meta-a': '1',
      'x-oss-storage-class': 'IA',
      'x-oss-tagging-count': '1',
    })
    expect((await call(emulator, { method: 'GET', key, query: { acl: null } })).text).toContain(
      '<Grant>private</Grant>',
    )
  })

  it('takes ETags without quotes and with escaped ones', async () => {
    const { emulator, uploadId, part } = await setup()
    const first = await part(1, piece('a'))
    const second = await part(2, piece('b'))
    const answer = await complete(emulator, key, uploadId, [
      { ...first, etag: first.etag.replaceAll('"', '') },
      { ...second, etag: second.etag.replaceAll('"', '&quot;') },
    ])
    expect(answer.status).toBe(200)
  })

  it.each([
    ['the wrong order', 'InvalidPartOrder', [2, 1]],
    ['a part named twice', 'InvalidPartOrder', [1, 1]],
    ['a part that is not there', 'InvalidPart', [1, 3]],
  ])('refuses %s', async (_name, code, numbers) => {
    const { emulator, uploadId, part } = await setup()
    const known = new Map([await part(1, piece('a')), await part(2, piece('b'))].map((p) => [p.partNumber, p.etag]))
    const named = numbers.map((partNumber) => ({ partNumber, etag: known.get(partNumber) ?? known.get(1) ?? '' }))
    expect(refusal(await complete(emulator, key, uploadId, named))).toEqual([400, code])
    expect(emulator.control.uploads()).toHaveLength(1)
  })

  it('refuses an ETag that is not the part’s', async () => {
    const { emulator, uploadId, part } = await setup()
    await part(1, piece('a'))
    const named = [{ partNumber: 1, etag: '"00000000000000000000000000000000"' }]
    expect(refusal(await complete(emulator, key, uploadId, named))).toEqual([400, 'InvalidPart'])
  })

  it('refuses a part under 100 KiB unless it is the last', async () => {
    const { emulator, uploadId, part } = await setup()
    const small = await part(1, piece('a', minPart - 1))
    const last = await part(2, piece('b', 1))
    const answer = await complete(emulator, key, uploadId, [small, last])
    expect(refusal(answer)).toEqual([400, 'EntityTooSmall'])
    expect(element(answer.text, 'ProposedSize')).toBe(String(minPart - 1))
    expect((await complete(emulator, key, uploadId, [small])).status).toBe(200)
  })

  it('refuses to overwrite when told to, and keeps the upload', async () => {
    const { emulator, uploadId, part } = await setup()
    const parts = [await part(1, piece('a'))]
    await call(emulator, { method: 'PUT', key, body: 'first' })
    const answer = await complete(emulator, key, uploadId, parts, { 'x-oss-forbid-overwrite': 'true' })
    expect(refusal(answer)).toEqual([409, 'FileAlreadyExists'])
    expect((await complete(emulator, key, uploadId, parts)).status).toBe(200)
  })

  it('happens once', async () => {
    const { emulator, uploadId, part } = await setup()
    const parts = [await part(1, piece('a'))]
    const answers = await Promise.all([
      complete(emulator, key, uploadId, parts),
      complete(emulator, key, uploadId, parts),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404])
    expect(refusal(await complete(emulator, key, uploadId, parts))).toEqual([404, 'NoSuchUpload'])
  })

  it.each([
    '<CompleteMultipartUpload><Part>',
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>',
    'not xml',
    '',
    '<CompleteMultipartUpload></CompleteMultipartUpload>',
    '<Other><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></Other>',
    '<CompleteMultipartUpload><Part><PartNumber>one</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>',
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>',
  ])('refuses %j as malformed', async (body) => {
    const { emulator, uploadId } = await setup()
    expect(refusal(await call(emulator, { method: 'POST', key, query: { uploadId }, body }))).toEqual([
      400,
      'MalformedXML',
    ])
  })
})

describe('a part', () => {
  it.each(['0', '10001', '-1', '1.5', 'one', ''])('is not numbered %j', async (partNumber) => {
    const { emulator, uploadId } = await setup()
    const answer = await call(emulator, { method: 'PUT', key, query: { partNumber, uploadId }, body: 'x' })
    expect(refusal(answer)).toEqual([400, 'InvalidArgument'])
  })

  it('carries no encryption header', async () => {
    const { emulator, uploadId } = await setup()
    const headers = { 'x-oss-server-side-encryption': 'AES256' }
    expect(refusal(await putPart(emulator, key, uploadId, 1, 'x', headers))).toEqual([400, 'InvalidArgument'])
  })

  it('belongs to an upload of its own key', async () => {
    const { emulator, uploadId } = await setup()
    expect(refusal(await putPart(emulator, 'other', uploadId, 1, 'x'))).toEqual([404, 'NoSuchUpload'])
    expect(refusal(await putPart(emulator, key, 'FF', 1, 'x'))).toEqual([404, 'NoSuchUpload'])
  })

  it('is at most 5 GiB long', async () => {
    const { emulator, uploadId } = await setup()
    const answer = await call(emulator, {
      method: 'PUT',
      key,
      query: { partNumber: '1', uploadId },
      headers: { 'content-length': String(5 * 1024 ** 3 + 1) },
    })
    expect(refusal(answer)).toEqual([400, 'EntityTooLarge'])
  })
})

describe('a sequential upload', () => {
  it('takes parts in order, each once', async () => {
    const { emulator, uploadId, part } = await setup(true)
    expect(refusal(await putPart(emulator, key, uploadId, 2, 'x'))).toEqual([400, 'PartNotSequential'])
    const first = await part(1, piece('a'))
    const again = await putPart(emulator, key, uploadId, 1, 'x')
    expect(refusal(again)).toEqual([409, 'PartAlreadyExist'])
    expect(element(again.text, 'PartEtag')).toBe(first.etag.replaceAll('"', '&quot;'))
    const second = await part(2, piece('b'))
    expect((await complete(emulator, key, uploadId, [first, second])).status).toBe(200)
  })
})

describe('listing parts', () => {
  it('pages by number, with sizes, ETags and checksums', async () => {
    const { emulator, uploadId, part } = await setup()
    for (const number of [5, 1, 10_000]) await part(number, piece('a', number))
    const page = async (query: Record<string, string>) =>
      (await call(emulator, { method: 'GET', key, query: { uploadId, ...query } })).text
    const first = await page({ 'max-parts': '2' })
    expect([...first.matchAll(/<PartNumber>(\d+)</g)].map((match) => match[1])).toEqual(['1', '5'])
    expect([element(first, 'IsTruncated'), element(first, 'NextPartNumberMarker')]).toEqual(['true', '5'])
    expect(element(first, 'HashCrc64ecma')).toBe(crc64Of(piece('a', 1)).toString())
    const second = await page({ 'part-number-marker': '5' })
    expect([element(second, 'PartNumber'), element(second, 'Size')]).toEqual(['10000', '10000'])
    expect(element(second, 'IsTruncated')).toBe('false')
  })

  it.each(['0', '1001', 'many'])('refuses max-parts=%s', async (max) => {
    const { emulator, uploadId } = await setup()
    const answer = await call(emulator, { method: 'GET', key, query: { uploadId, 'max-parts': max } })
    expect(refusal(answer)).toEqual([400, 'InvalidArgument'])
  })
})

it('aborting ends an upload, once', async () => {
  const { emulator, uploadId, part } = await setup()
  await part(1, piece('a'))
  const abort = () => call(emulator, { method: 'DELETE', key, query: { uploadId } })
  expect((await abort()).status).toBe(204)
  expect(refusal(await abort())).toEqual([404, 'NoSuchUpload'])
  expect(refusal(await putPart(emulator, key, uploadId, 2, 'x'))).toEqual([404, 'NoSuchUpload'])
})
