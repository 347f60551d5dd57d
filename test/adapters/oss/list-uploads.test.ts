import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/oss-emulator/emulator.js'
import type { OpenUpload, Target, UploadMarker } from '../../../src/ports/target.js'
import { errorXml, startHttpServer } from './raw-servers.js'
import { failureOf, keys, noOptions, targetFor, unaborted } from './target-setup.js'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const bucket = 'bucket-a'
const all = { prefix: '', after: null, limit: 1000 }

describe.each([
  { signature: 'v4', addressing: 'path', hostname: '127.0.0.1' },
  { signature: 'v1', addressing: 'path', hostname: '127.0.0.1' },
  { signature: 'v4', addressing: 'virtual', hostname: 'localhost' },
  { signature: 'v1', addressing: 'virtual', hostname: 'localhost' },
  { signature: 'v4', addressing: 'cname', hostname: 'files.localhost' },
] as const)('listUploads against the emulator, $signature signatures, $addressing addressing', (how) => {
  const setup = async () => {
    const { hostname, ...deps } = how
    const directory = await mkdtemp(join(tmpdir(), 'longshore-emulator-'))
    const emulator = await startEmulator({
      directory,
      buckets: [bucket],
      credentials: { accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret },
      cnames: { 'files.localhost': bucket },
    })
    const { target } = targetFor(new URL(`http://${hostname}:${emulator.port}`), deps)
    cleanups.push(async () => {
      await target.close()
      await emulator.close()
      await rm(directory, { recursive: true })
    })
    return { target }
  }

  const open = async (target: Target, key: string): Promise<string> =>
    (await target.initiate({ bucket, key }, noOptions, unaborted())).uploadId

  it('finds every upload with its key as it is and the time it was begun', async () => {
    const { target } = await setup()
    expect(await target.listUploads(bucket, all, unaborted())).toEqual({ uploads: [], next: null })
    const before = Date.now()
    const names = ['a', "dir/ä b+c'(1)!*%2F?#&=~<.bin", 'ﬀ', '😀']
    for (const key of names) await open(target, key)
    const { uploads, next } = await target.listUploads(bucket, all, unaborted())
    // The order is by the bytes of UTF-8, so the emoji comes last.
    expect(uploads.map(({ key }) => key)).toEqual(names)
    expect(next).toBeNull()
    for (const { initiatedAt } of uploads) {
      expect(initiatedAt).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000)
      expect(initiatedAt).toBeLessThanOrEqual(Date.now())
    }
  })

  it('goes on behind its marker, also within one key, and keeps to a prefix', async () => {
    const { target } = await setup()
    const ids = await Promise.all(['in/a b', 'in/a b', 'in/a b', 'in/c', 'out/d'].map((key) => open(target, key)))
    const found: OpenUpload[] = []
    let after: UploadMarker | null = null
    do {
      const page: Awaited<ReturnType<Target['listUploads']>> = await target.listUploads(
        bucket,
        { prefix: 'in/', after, limit: 1 },
        unaborted(),
      )
      found.push(...page.uploads)
      after = page.next
    } while (after !== null)
    expect(found.map(({ uploadId }) => uploadId).sort()).toEqual(ids.slice(0, 4).sort())
  })
})

describe('listUploads', () => {
  const listed = (key: string, id = 'U', initiated = '2026-01-01T00:00:00.000Z'): string =>
    `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated}</Initiated></Upload>`
  const page = (
    uploads: string,
    next: readonly [string, string] | null,
    encoding = '<EncodingType>url</EncodingType>',
  ) =>
    `<ListMultipartUploadsResult>${encoding}<IsTruncated>${next !== null}</IsTruncated>` +
    `<NextKeyMarker>${next?.[0] ?? ''}</NextKeyMarker><NextUploadIdMarker>${next?.[1] ?? ''}</NextUploadIdMarker>` +
    `${uploads}</ListMultipartUploadsResult>`

  const setup = async (body: string, status = 200) => {
    const server = await startHttpServer((_request, response) => response.writeHead(status).end(body))
    const { target } = targetFor(server.url)
    cleanups.push(async () => {
      await target.close()
      await server.close()
    })
    return { target, seen: server.seen }
  }

  it('asks for encoded names and sends its markers', async () => {
    const { target, seen } = await setup(page('', null))
    await target.listUploads(
      bucket,
      { prefix: 'a b/', after: { key: 'a b/ü', uploadId: 'U+1' }, limit: 7 },
      unaborted(),
    )
    const { pathname, searchParams } = new URL(seen[0]?.path ?? '', 'http://oss')
    expect(pathname).toBe('/bucket-a/')
    expect(Object.fromEntries(searchParams)).toEqual({
      uploads: '',
      'encoding-type': 'url',
      'max-uploads': '7',
      prefix: 'a b/',
      'key-marker': 'a b/ü',
      'upload-id-marker': 'U+1',
    })
  })

  it.each([
    ['one, of which the parser makes an object', listed('k'), ['k']],
    ['several', listed('a') + listed('a', 'V') + listed('b'), ['a', 'a', 'b']],
    ['encoded names', listed('a%20%2B%01'), ['a +\u0001']],
  ])('reads %s', async (_what, uploads, names) => {
    const { target } = await setup(page(uploads, null))
    const found = await target.listUploads(bucket, all, unaborted())
    expect(found.uploads.map(({ key }) => key)).toEqual(names)
    expect(found.uploads[0]?.initiatedAt).toBe(Date.UTC(2026, 0, 1))
  })

  it('takes names as they are when OSS does not say that they are encoded', async () => {
    const { target } = await setup(page(listed('100%'), ['100%', 'U'], ''))
    expect(await target.listUploads(bucket, all, unaborted())).toMatchObject({
      uploads: [{ key: '100%' }],
      next: { key: '100%', uploadId: 'U' },
    })
  })

  const after = { key: 'k', uploadId: 'U5' }
  it.each([
    ['repeats its marker', page(listed('k', 'U6'), ['k', 'U5'])],
    ['has no marker', page(listed('l'), ['', ''])],
    ['goes back to an earlier key', page('', ['j', 'U9'])],
    ['goes back to an earlier upload', page('', ['k', 'U4'])],
    ['has a marker before what it shows', page(listed('m'), ['l', 'U1'])],
    ['begins before its marker', page(listed('j'), null)],
    ['shows its marker again', page(listed('k', 'U5'), null)],
    ['is out of order', page(listed('m') + listed('l'), null)],
    ['is longer than asked', page(listed('l', '1') + listed('l', '2') + listed('l', '3'), null)],
    ['leaves its prefix', page(listed('other'), null)],
    ['holds a name that cannot be decoded', page(listed('k%zz'), null)],
    ['holds an upload without an id', page('<Upload><Key>l</Key></Upload>', null)],
    ['holds an upload begun at no time', page(listed('l', 'U', 'yesterday'), null)],
    ['does not say whether it ends', '<ListMultipartUploadsResult></ListMultipartUploadsResult>'],
    ['is empty', ''],
    ['is cut off', '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload>'],
    ['is an error', errorXml('InternalError')],
  ])('does not believe a list that %s, and asks once only', async (what, body) => {
    const { target, seen } = await setup(body)
    const prefix = what === 'leaves its prefix' ? 'k' : ''
    const failure = await failureOf(target.listUploads(bucket, { prefix, after, limit: 2 }, unaborted()))
    expect(failure.kind).toBe('transient')
    expect(seen).toHaveLength(1)
  })

  it('says that the bucket is missing', async () => {
    const { target } = await setup(errorXml('NoSuchBucket'), 404)
    const failure = await failureOf(target.listUploads(bucket, all, unaborted()))
    expect(failure).toMatchObject({ kind: 'permanent', code: 'no_such_bucket', requestId: 'REQ-NoSuchBucket' })
  })

  it('takes no name of a bucket that could lead elsewhere', async () => {
    const { target, seen } = await setup(page('', null))
    const failure = await failureOf(target.listUploads('../other', all, unaborted()))
    expect(failure).toMatchObject({ kind: 'permanent', code: 'bad_request' })
    expect(seen).toEqual([])
  })
})
