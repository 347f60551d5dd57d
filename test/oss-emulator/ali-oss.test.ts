import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { crc64Of } from '../../src/core/crc64.js'
import { type Addressing, bucket, type Client, createClient, type Signature, startTestEmulator } from './support.js'

const styles: readonly (readonly [Addressing, Signature])[] = [
  ['path', 'v4'],
  ['path', 'v1'],
  ['virtual', 'v4'],
  ['virtual', 'v1'],
]

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex').toUpperCase()

const uploadParts = async (client: Client, key: string, uploadId: string, bytes: Buffer, partSize: number) => {
  const parts: { number: number; etag: string }[] = []
  for (let number = 1; (number - 1) * partSize < bytes.length; number++) {
    const content = bytes.subarray((number - 1) * partSize, number * partSize)
    const stream = Readable.from([content])
    const { etag } = await client._uploadPart(key, uploadId, number, { stream, size: content.length })
    parts.push({ number, etag })
  }
  return parts
}

describe.each(styles)('ali-oss with %s-style addressing and a %s signature', (addressing, signature) => {
  const setup = async () => {
    const emulator = await startTestEmulator({ region: 'cn-hangzhou' })
    return { emulator, client: createClient(emulator, addressing, signature) }
  }
  const awkwardKey = "dir with space/ünïcode & <odd> +'()*!~.bin"

  it('puts, heads, gets, lists and deletes an object', async () => {
    const { client } = await setup()
    const bytes = randomBytes(70_000)
    const put = await client.put(awkwardKey, bytes, { headers: { 'x-oss-meta-origin': 'cam7' } })
    expect((put.res.headers as Record<string, string>)['etag']).toBe(`"${md5(bytes)}"`)
    expect((put.res.headers as Record<string, string>)['x-oss-hash-crc64ecma']).toBe(crc64Of(bytes).toString())

    const head = await client.head(awkwardKey)
    expect(head.meta).toEqual({ origin: 'cam7' })
    expect((head.res.headers as Record<string, string>)['content-length']).toBe('70000')
    expect(((await client.get(awkwardKey)).content as Buffer).equals(bytes)).toBe(true)

    const listed = await client.listV2({ 'max-keys': '10', prefix: 'dir ' }, {})
    expect(listed.objects.map(({ name, size }) => [name, size])).toEqual([[awkwardKey, 70_000]])
    const listedV1 = await client.list({ 'max-keys': 10 }, {})
    expect(listedV1.objects.map(({ name }) => name)).toEqual([awkwardKey])

    await client.delete(awkwardKey)
    await expect(client.head(awkwardKey)).rejects.toMatchObject({ code: 'NoSuchKey', status: 404 })
  })

  it('uploads in parts, lists them and completes', async () => {
    const { client } = await setup()
    const bytes = randomBytes(450_000)
    const { uploadId } = await client.initMultipartUpload(awkwardKey, {
      headers: { 'x-oss-meta-longshore-upload': 'm' },
    })
    const parts = await uploadParts(client, awkwardKey, uploadId, bytes, 200_000)

    const firstPage = await client.listParts(awkwardKey, uploadId, { 'max-parts': '2' } as never)
    expect(firstPage.isTruncated).toBe('true')
    const secondPage = await client.listParts(awkwardKey, uploadId, { 'part-number-marker': '2' } as never)
    expect(secondPage.parts).toMatchObject({ PartNumber: '3', Size: '50000', ETag: parts[2]?.etag })

    const done = await client.completeMultipartUpload(awkwardKey, uploadId, parts)
    expect(done.etag).toMatch(/^"[0-9A-F]{32}-3"$/)
    expect((done.res.headers as Record<string, string>)['x-oss-hash-crc64ecma']).toBe(crc64Of(bytes).toString())
    expect(((await client.get(awkwardKey)).content as Buffer).equals(bytes)).toBe(true)
    expect((await client.head(awkwardKey)).meta).toEqual({ 'longshore-upload': 'm' })
  })

  it('lists and aborts open uploads', async () => {
    const { client } = await setup()
    const { uploadId } = await client.initMultipartUpload('a/b')
    const listed = await client.listUploads({ 'max-uploads': 10, prefix: 'a/' })
    expect(listed.uploads.map((upload) => upload.uploadId)).toEqual([uploadId])
    await client.abortMultipartUpload('a/b', uploadId)
    await expect(client.listParts('a/b', uploadId)).rejects.toMatchObject({ code: 'NoSuchUpload', status: 404 })
  })

  it('begins sequential uploads', async () => {
    const { client, emulator } = await setup()
    await client.request({
      method: 'POST',
      bucket,
      object: 'in-order',
      subres: { uploads: '', sequential: '' },
      successStatuses: [200],
    })
    expect(emulator.control.uploads()).toMatchObject([{ key: 'in-order', sequential: true }])
  })

  it('pages through a listing by continuation tokens', async () => {
    const { client } = await setup()
    for (const key of ['a', 'b', 'c']) await client.put(key, Buffer.from(key))
    const first = await client.listV2({ 'max-keys': '2' }, {})
    const token = (first as unknown as { nextContinuationToken: string }).nextContinuationToken
    const second = await client.listV2({ 'max-keys': '2', 'continuation-token': token }, {})
    expect([...first.objects, ...second.objects].map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  it('makes and reports buckets', async () => {
    const { client } = await setup()
    await client.putBucket('another-bucket')
    const { buckets } = (await client.listBuckets({})) as unknown as { buckets: { name: string }[] }
    expect(buckets.map(({ name }) => name)).toEqual(['another-bucket', bucket])
    client.useBucket('no-such-bucket')
    await expect(client.put('x', Buffer.from('x'))).rejects.toMatchObject({ code: 'NoSuchBucket', status: 404 })
  })

  it('is refused with a wrong secret', async () => {
    const { emulator } = await setup()
    const stranger = createClient(emulator, addressing, signature, { accessKeySecret: 'wrong' })
    await expect(stranger.head('x')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 })
  })
})

it('takes the virtual-host form that ali-oss makes of an IP endpoint', async () => {
  const emulator = await startTestEmulator()
  const client = createClient(emulator, 'virtual', 'v4', { endpoint: emulator.url })
  await client.put('key', Buffer.from('text'))
  expect(((await client.get('key')).content as Buffer).toString()).toBe('text')
})

it('knows the bucket of a CNAME', async () => {
  const emulator = await startTestEmulator({ cnames: { 'files.example.test': bucket } })
  const client = createClient(emulator, 'virtual', 'v4', {
    endpoint: `http://files.example.test:${emulator.port}`,
    cname: true,
  })
  await client.put('key', Buffer.from('text'))
  expect(((await client.get('key')).content as Buffer).toString()).toBe('text')
})
