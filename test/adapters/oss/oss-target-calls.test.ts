import { describe, expect, it } from 'vitest'
import type { ObjectOptions } from '../../../src/ports/target.js'
import { actions, cleanups, completedXml, refuse, reply, sendOptions, setup } from './oss-target-setup.js'
import { errorXml, startHttpServer } from './raw-servers.js'
import { failureOf, noOptions, object, targetFor, unaborted, upload } from './target-setup.js'

describe('what the target sends', () => {
  it('makes Init and Put carry the same description of the object, the marker and the ban on overwriting', async () => {
    const { target, source, seen } = await setup((request, response) =>
      request.method === 'POST'
        ? reply(response, 200, {}, '<R><UploadId>U</UploadId></R>')
        : reply(response, 200, { etag: '"E"' }),
    )
    const options: ObjectOptions = {
      headers: { 'X-Oss-Meta-Origin': 'cam7', 'Cache-Control': 'no-cache', 'x-oss-traffic-limit': '819200' },
      marker: 'job-marker',
      forbidOverwrite: true,
      sequential: false,
    }
    const video = { bucket: 'bucket-a', key: 'dir/a.mp4' }
    await target.initiate(video, options, unaborted())
    await target.putObject(video, source.range(), options, {
      ...sendOptions,
      signal: unaborted(),
      confirm: async () => {},
    })
    for (const { headers } of seen) {
      expect(headers).toMatchObject({
        'content-type': 'video/mp4',
        'cache-control': 'no-cache',
        'x-oss-meta-origin': 'cam7',
        'x-oss-meta-longshore-upload': 'job-marker',
        'x-oss-forbid-overwrite': 'true',
      })
    }
    expect(seen.map(({ headers }) => headers['x-oss-traffic-limit'])).toEqual([undefined, '819200'])
    expect(seen[0]?.path).toBe('/bucket-a/dir/a.mp4?uploads=')
    expect(seen[1]?.path).toBe('/bucket-a/dir/a.mp4')
  })

  it.each([
    ['Makefile', 'application/octet-stream'],
    ['json', 'application/octet-stream'],
    ['dir/page.html', 'text/html'],
  ])('guesses the type of %s as %s for both ways', async (key, type) => {
    const { target, source, seen } = await setup((request, response) =>
      request.method === 'POST'
        ? reply(response, 200, {}, '<R><UploadId>U</UploadId></R>')
        : reply(response, 200, { etag: '"E"' }),
    )
    await target.initiate({ bucket: 'bucket-a', key }, noOptions, unaborted())
    await target.putObject({ bucket: 'bucket-a', key }, source.range(), noOptions, {
      ...sendOptions,
      signal: unaborted(),
      confirm: async () => {},
    })
    expect(seen.map(({ headers }) => headers['content-type'])).toEqual([type, type])
  })

  it('gives a part nothing of the object, and Complete only what it takes', async () => {
    const { target, source, seen } = await setup((request, response) =>
      request.method === 'PUT' ? reply(response, 200, { etag: '"E"' }) : reply(response, 200, {}, completedXml),
    )
    const options: ObjectOptions = {
      headers: { 'content-type': 'video/mp4', 'x-oss-meta-a': 'b', 'x-oss-object-acl': 'private' },
      marker: 'm',
      forbidOverwrite: true,
      sequential: false,
    }
    await target.uploadPart(upload, 7, source.range(10, 20), options, { ...sendOptions, signal: unaborted() })
    await target.complete(upload, [{ partNumber: 1, etag: 'E<1' }], options, unaborted())
    const [part, complete] = seen
    expect(Object.keys(part?.headers ?? {}).sort()).toEqual([
      'authorization',
      'connection',
      'content-length',
      'host',
      'x-oss-content-sha256',
      'x-oss-date',
    ])
    expect(part?.path).toBe('/bucket-a/dir/a.bin?partNumber=7&uploadId=UPLOAD-1')
    expect(part?.body.equals(source.bytes.subarray(10, 30))).toBe(true)
    expect(complete?.headers).toMatchObject({
      'content-type': 'application/xml',
      'x-oss-forbid-overwrite': 'true',
      'x-oss-object-acl': 'private',
    })
    expect(complete?.headers).not.toHaveProperty('x-oss-meta-a')
    expect(complete?.headers).not.toHaveProperty('x-oss-meta-longshore-upload')
    expect(complete?.body.toString()).toContain('<Part><PartNumber>1</PartNumber><ETag>"E&lt;1"</ETag></Part>')
  })

  it('asks for a sequential upload when it is wished', async () => {
    const { target, seen } = await setup((_request, response) =>
      reply(response, 200, {}, '<R><UploadId>U</UploadId></R>'),
    )
    await target.initiate(object, { ...noOptions, sequential: true }, unaborted())
    expect(seen[0]?.path).toBe('/bucket-a/dir/a.bin?uploads=&sequential=')
  })

  it.each([
    ['a//b', '/bucket-a/a//b'],
    ['dir/', '/bucket-a/dir/'],
    ['a\tb', '/bucket-a/a%09b'],
  ])('names an upload of the odd key %j as it is', async (key, path) => {
    const { target, seen } = await setup((_request, response) => reply(response, 204, {}))
    await target.abort({ ...object, key, uploadId: 'U' }, unaborted())
    expect(seen[0]?.path).toBe(`${path}?uploadId=U`)
  })

  it.each(['a/../../other/x', 'a/./b', '/a', '..', '\ud800', ''])('sends nothing for the key %j', async (key) => {
    const { target, source, seen } = await setup((_request, response) => reply(response, 200, {}))
    const unsafe = { ...upload, key }
    const attempts = [
      target.initiate(unsafe, noOptions, unaborted()),
      target.uploadPart(unsafe, 1, source.range(), noOptions, { ...sendOptions, signal: unaborted() }),
      target.head(unsafe, unaborted()),
    ]
    for (const attempt of attempts) {
      expect(await failureOf(attempt)).toMatchObject({ kind: 'permanent', code: 'bad_request' })
    }
    expect(seen).toEqual([])
  })

  it('sends keys exactly as they were signed', async () => {
    const { target, seen } = await setup((_request, response) => reply(response, 404, {}))
    await target.head({ bucket: 'bucket-a', key: "ä b+c%2F'(1)!*?#&=~.bin" }, unaborted())
    expect(seen[0]?.path).toBe("/bucket-a/%C3%A4%20b%2Bc%252F'(1)!*%3F%23%26%3D~.bin")
  })

  it('names the bucket in the host when addressing is virtual, and dials the loopback for names below localhost', async () => {
    const server = await startHttpServer((_request, response) => reply(response, 404, {}))
    const { target } = targetFor(new URL(`http://localhost:${server.port}`), { addressing: 'virtual' })
    cleanups.push(server.close, () => target.close())
    expect(await target.head(object, unaborted())).toBeNull()
    expect(server.seen[0]).toMatchObject({
      path: '/dir/a.bin',
      headers: { host: `bucket-a.localhost:${server.port}` },
    })
  })

  it('leaves host and path alone when the endpoint is the bucket’s own name', async () => {
    const { target, source, seen, port } = await setup((_request, response) => reply(response, 200, { etag: '"E"' }), {
      addressing: 'cname',
    })
    await actions.part(target, source)
    await target.head(object, unaborted()).catch(() => {})
    expect(seen.map(({ path }) => path)).toEqual(['/dir/a.bin?partNumber=1&uploadId=UPLOAD-1', '/dir/a.bin'])
    expect(seen.map(({ headers }) => headers.host)).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port}`])
  })

  it('cannot be made for an endpoint that is more than a host', () => {
    expect(() => targetFor(new URL('http://user:pw@oss.example'))).toThrow('password')
    expect(() => targetFor(new URL('http://oss.example/sub'))).toThrow('without a path')
  })
})

describe('what the target makes of good answers', () => {
  it('proves a part by OSS’s CRC-64', async () => {
    const { target, source } = await setup((_request, response) =>
      reply(response, 200, { etag: '"ABC"', 'x-oss-hash-crc64ecma': source.crc64() }),
    )
    expect(await actions.part(target, source)).toEqual({
      size: 300_000,
      etag: 'ABC',
      crc64: source.crc64(),
      serverCrc64: source.crc64(),
      requestId: 'REQ-1',
    })
  })

  it('says so when OSS gave no CRC-64', async () => {
    const { target, source } = await setup((_request, response) => reply(response, 200, { etag: '"ABC"' }))
    expect(await actions.part(target, source)).toMatchObject({ crc64: source.crc64(), serverCrc64: null })
  })

  it('takes 0 as a CRC-64 like any other', async () => {
    const { target, source } = await setup((_request, response) =>
      reply(response, 200, { etag: '"E"', 'x-oss-hash-crc64ecma': '0' }),
    )
    const empty = target.putObject(object, source.range(0, 0), noOptions, {
      ...sendOptions,
      signal: unaborted(),
      confirm: async () => {},
    })
    expect(await empty).toMatchObject({ size: 0, crc64: '0', serverCrc64: '0' })
  })

  it('reads a version id, and none where OSS says null', async () => {
    const { target, source } = await setup((_request, response, turn) =>
      reply(response, 200, { etag: '"E"', 'x-oss-version-id': turn === 1 ? 'V1' : 'null' }),
    )
    expect((await actions.put(target, source)).versionId).toBe('V1')
    expect((await actions.put(target, source)).versionId).toBeNull()
  })

  it('reads what HEAD shows', async () => {
    const { target } = await setup((_request, response) => {
      response.writeHead(200, {
        etag: '"E-2"',
        'content-length': '12345',
        'x-oss-hash-crc64ecma': '0018446744073709551',
        'x-oss-meta-longshore-upload': 'mine',
        'x-oss-request-id': 'REQ-9',
      })
      response.end()
    })
    expect(await target.head(object, unaborted())).toEqual({
      size: 12345,
      etag: 'E-2',
      serverCrc64: '18446744073709551',
      versionId: null,
      requestId: 'REQ-9',
      marker: 'mine',
    })
  })

  it('reads Complete’s ETag and CRC-64', async () => {
    const { target, source } = await setup((_request, response) =>
      reply(response, 200, { 'x-oss-hash-crc64ecma': '77' }, completedXml),
    )
    expect(await actions.complete(target, source)).toEqual({
      etag: 'ABC-1',
      serverCrc64: '77',
      versionId: null,
      requestId: 'REQ-1',
    })
  })

  it.each([
    [404, 'NoSuchUpload'],
    [404, 'NoSuchBucket'],
  ])('takes an upload that is not there (%i %s) for aborted', async (status, code) => {
    const { target } = await setup((_request, response) => refuse(response, status, code))
    await expect(target.abort(upload, unaborted())).resolves.toBe('gone')
  })

  it('takes 204 and 200 for aborted', async () => {
    const { target } = await setup((_request, response, turn) => reply(response, turn === 1 ? 204 : 200, {}))
    await target.abort(upload, unaborted())
    await target.abort(upload, unaborted())
  })
})

describe('listParts', () => {
  const part = (n: number, crc = true): string =>
    `<Part><PartNumber>${n}</PartNumber><ETag>"E${n}"</ETag><Size>${n * 10}</Size>${crc ? `<HashCrc64ecma>${n}00</HashCrc64ecma>` : ''}</Part>`
  const page = (parts: string, truncated: boolean, next?: number): string =>
    `<ListPartsResult><IsTruncated>${truncated}</IsTruncated>${next === undefined ? '' : `<NextPartNumberMarker>${next}</NextPartNumberMarker>`}${parts}</ListPartsResult>`

  it.each([
    ['none', '', []],
    ['one', part(3), [3]],
    ['several', part(1) + part(2) + part(9), [1, 2, 9]],
  ])('reads %s', async (_name, parts, numbers) => {
    const { target } = await setup((_request, response) => reply(response, 200, {}, page(parts, false)))
    const listed = await target.listParts(upload, unaborted())
    expect(listed.map(({ partNumber }) => partNumber)).toEqual(numbers)
    for (const { partNumber, size, etag, crc64 } of listed) {
      expect([size, etag, crc64]).toEqual([partNumber * 10, `E${partNumber}`, `${partNumber}00`])
    }
  })

  it('knows no CRC-64 where OSS gives none', async () => {
    const { target } = await setup((_request, response) => reply(response, 200, {}, page(part(1, false), false)))
    expect((await target.listParts(upload, unaborted()))[0]?.crc64).toBeNull()
  })

  it('asks for every page, behind the marker of the last', async () => {
    const { target, seen } = await setup((request, response) =>
      reply(
        response,
        200,
        {},
        request.path.includes('part-number-marker=0') ? page(part(1) + part(2), true, 2) : page(part(3), false),
      ),
    )
    expect((await target.listParts(upload, unaborted())).map(({ partNumber }) => partNumber)).toEqual([1, 2, 3])
    expect(seen.map(({ path }) => path)).toEqual([
      '/bucket-a/dir/a.bin?max-parts=1000&part-number-marker=0&uploadId=UPLOAD-1',
      '/bucket-a/dir/a.bin?max-parts=1000&part-number-marker=2&uploadId=UPLOAD-1',
    ])
  })

  it.each([
    ['repeats its marker', (after: number) => page(part(after + 1), true, after)],
    ['has no marker', (after: number) => page(part(after + 1), true)],
    ['goes back', () => page(part(5), true, 4)],
    ['is out of order', () => page(part(5) + part(4), false)],
    ['names a part twice', () => page(part(5) + part(5), false)],
    ['grows for ever', (after: number) => page('', true, after + 1_000)],
    ['does not say whether it ends', () => `<ListPartsResult>${part(1)}</ListPartsResult>`],
    ['has a part without size', () => page('<Part><PartNumber>1</PartNumber><ETag>"E"</ETag></Part>', false)],
    ['is empty', () => ''],
    ['is cut off', () => '<ListPartsResult><IsTruncated>false</IsTruncated><Part>'],
    ['is an error', () => errorXml('InternalError')],
    ['is not XML', () => 'fine'],
  ])('does not believe a list that %s, and does not loop', async (_name, body) => {
    const { target, seen } = await setup((request, response) =>
      reply(response, 200, {}, body(Number(/part-number-marker=(\d+)/.exec(request.path)?.[1]))),
    )
    expect((await failureOf(target.listParts(upload, unaborted()))).kind).toBe('transient')
    expect(seen.length).toBeLessThanOrEqual(11)
  })
})
