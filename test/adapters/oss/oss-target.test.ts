import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { OssTargetDeps } from '../../../src/adapters/oss/api/oss-target.js'
import type { CredentialSet } from '../../../src/ports/credentials.js'
import type { ObjectWishes, Target } from '../../../src/ports/target.js'
import { errorXml, httpText, type SeenRequest, startHttpServer, startTcpServer, until } from './raw-servers.js'
import { createSourceFile, openSockets, type SourceFile } from './source-file.js'
import { failureOf, keys, noWishes, object, rotatingCredentials, targetFor, unaborted, upload } from './target-setup.js'

type Answerer = (request: SeenRequest, response: ServerResponse, turn: number) => void

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const setup = async (answer: Answerer, changes: Partial<OssTargetDeps> = {}) => {
  const socketsBefore = openSockets()
  let turn = 0
  const server = await startHttpServer((request, response) => answer(request, response, ++turn))
  const { target, log } = targetFor(server.url, changes)
  const source = await createSourceFile(300_000)
  cleanups.push(async () => {
    await target.close()
    await until('the target leaves no connection behind', () => server.open() === 0)
    await server.close()
    await source.remove()
    await until('no socket is left', () => openSockets() <= socketsBefore)
  })
  return { ...server, target, source, log }
}

const reply = (response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void => {
  response.writeHead(status, { 'x-oss-request-id': 'REQ-1', 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
const refuse = (response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void =>
  reply(response, status, headers, errorXml(code))

const sendOptions = { onProgress: () => {} }
const actions = {
  initiate: (target: Target, _source: SourceFile, signal = unaborted()) => target.initiate(object, noWishes, signal),
  part: (target: Target, source: SourceFile, signal = unaborted()) =>
    target.uploadPart(upload, 1, source.range(), noWishes, { ...sendOptions, signal }),
  put: (target: Target, source: SourceFile, signal = unaborted()) =>
    target.putObject(object, source.range(), noWishes, { ...sendOptions, signal, confirm: async () => {} }),
  list: (target: Target, _source: SourceFile, signal = unaborted()) => target.listParts(upload, signal),
  complete: (target: Target, _source: SourceFile, signal = unaborted()) =>
    target.complete(upload, [{ partNumber: 1, etag: 'E1' }], noWishes, signal),
  abort: (target: Target, _source: SourceFile, signal = unaborted()) => target.abort(upload, signal),
  head: (target: Target, _source: SourceFile, signal = unaborted()) => target.head(object, signal),
}
const actionNames = Object.keys(actions) as (keyof typeof actions)[]

const completedXml =
  '<CompleteMultipartUploadResult><Bucket>bucket-a</Bucket><Key>dir/a.bin</Key><ETag>"ABC-1"</ETag></CompleteMultipartUploadResult>'

describe('what the target sends', () => {
  it('makes Init and Put carry the same description of the object, the marker and the ban on overwriting', async () => {
    const { target, source, seen } = await setup((request, response) =>
      request.method === 'POST'
        ? reply(response, 200, {}, '<R><UploadId>U</UploadId></R>')
        : reply(response, 200, { etag: '"E"' }),
    )
    const wishes: ObjectWishes = {
      headers: { 'X-Oss-Meta-Origin': 'cam7', 'Cache-Control': 'no-cache', 'x-oss-traffic-limit': '819200' },
      marker: 'job-marker',
      forbidOverwrite: true,
      sequential: false,
    }
    const video = { bucket: 'bucket-a', key: 'dir/a.mp4' }
    await target.initiate(video, wishes, unaborted())
    await target.putObject(video, source.range(), wishes, {
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
    await target.initiate({ bucket: 'bucket-a', key }, noWishes, unaborted())
    await target.putObject({ bucket: 'bucket-a', key }, source.range(), noWishes, {
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
    const wishes: ObjectWishes = {
      headers: { 'content-type': 'video/mp4', 'x-oss-meta-a': 'b', 'x-oss-object-acl': 'private' },
      marker: 'm',
      forbidOverwrite: true,
      sequential: false,
    }
    await target.uploadPart(upload, 7, source.range(10, 20), wishes, { ...sendOptions, signal: unaborted() })
    await target.complete(upload, [{ partNumber: 1, etag: 'E<1' }], wishes, unaborted())
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
    await target.initiate(object, { ...noWishes, sequential: true }, unaborted())
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
      target.initiate(unsafe, noWishes, unaborted()),
      target.uploadPart(unsafe, 1, source.range(), noWishes, { ...sendOptions, signal: unaborted() }),
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
    const empty = target.putObject(object, source.range(0, 0), noWishes, {
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

describe('what the target makes of bad answers', () => {
  it.each([
    ['nothing', ''],
    ['an error', errorXml('InternalError')],
    ['a result without ETag', '<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>'],
    ['a cut result', completedXml.slice(0, 80)],
    ['no XML', 'done!'],
  ])('does not take %s for a completed object', async (_name, body) => {
    const { target, source } = await setup((_request, response) => reply(response, 200, { etag: '"E"' }, body))
    expect(await failureOf(actions.complete(target, source))).toMatchObject({ kind: 'ambiguous', requestId: 'REQ-1' })
  })

  it.each(['', '<R><Key>k</Key></R>', '<R><UploadId/></R>', '<R><UploadId>U', errorXml('InternalError')])(
    'does not take %j for an upload id',
    async (body) => {
      const { target, source } = await setup((_request, response) => reply(response, 200, {}, body))
      expect((await failureOf(actions.initiate(target, source))).kind).toBe('transient')
    },
  )

  it.each(['part', 'put'] as const)('sends a %s again when success is not shown', async (name) => {
    const { target, source } = await setup((_request, response, turn) =>
      turn === 1 ? reply(response, 200, {}) : reply(response, 200, { etag: '"E"' }, errorXml('InternalError')),
    )
    expect((await failureOf(actions[name](target, source))).kind).toBe('transient')
    expect((await failureOf(actions[name](target, source))).kind).toBe('transient')
  })

  it.each(['part', 'put'] as const)('notices bytes that changed on the way of a %s', async (name) => {
    const { target, source } = await setup((_request, response, turn) =>
      reply(response, 200, { etag: '"E"', 'x-oss-hash-crc64ecma': turn === 1 ? '12345' : 'garbage' }),
    )
    for (let turn = 0; turn < 2; turn++) {
      expect(await failureOf(actions[name](target, source))).toMatchObject({ kind: 'integrity', code: 'integrity' })
    }
  })

  it('tells a missing object from a missing bucket, though HEAD has no body', async () => {
    const { target } = await setup((_request, response, turn) => {
      const code = [null, 'NoSuchKey', 'NoSuchBucket'][turn - 1]
      const told = code === null ? {} : { 'x-oss-err': Buffer.from(errorXml(code ?? '')).toString('base64') }
      reply(response, 404, told)
    })
    expect(await target.head(object, unaborted())).toBeNull()
    expect(await target.head(object, unaborted())).toBeNull()
    expect(await failureOf(target.head(object, unaborted()))).toMatchObject({
      kind: 'permanent',
      code: 'no_such_bucket',
      ossCode: 'NoSuchBucket',
      requestId: 'REQ-1',
    })
  })

  it.each(actionNames.filter((name) => name !== 'abort' && name !== 'head'))(
    'reports a missing bucket of %s with OSS’s request id',
    async (name) => {
      const { target, source } = await setup((_request, response) => refuse(response, 404, 'NoSuchBucket'))
      expect(await failureOf(actions[name](target, source))).toMatchObject({
        kind: 'permanent',
        code: 'no_such_bucket',
        requestId: 'REQ-1',
        status: 404,
      })
    },
  )

  it('passes on how long OSS asks to wait', async () => {
    const { target, source } = await setup((_request, response, turn) => {
      if (turn === 1) refuse(response, 503, 'UploadTrafficRateLimitExceeded', { 'x-oss-qos-delay-time': '2500' })
      if (turn === 2) reply(response, 429, { 'retry-after': '7' })
      // By the server's own clock, which is not ours.
      const date = (at: number): string => new Date(Date.UTC(2020, 0, 1) + at).toUTCString()
      if (turn === 3) reply(response, 503, { 'retry-after': date(30_000), date: date(0) }, '<html>')
    })
    expect(await failureOf(actions.part(target, source))).toMatchObject({ kind: 'throttled', retryAfterMs: 2500 })
    expect(await failureOf(actions.part(target, source))).toMatchObject({ kind: 'throttled', retryAfterMs: 7000 })
    expect(await failureOf(actions.part(target, source))).toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 })
  })

  it.each(actionNames)('understands a 500 that is not XML (%s)', async (name) => {
    const { target, source } = await setup((_request, response) => reply(response, 500, {}, '<html>secret page</p>'))
    const failure = await failureOf(actions[name](target, source))
    expect(failure.kind).toBe(name === 'complete' ? 'ambiguous' : 'transient')
    expect(failure.message).not.toContain('secret page')
  })

  it.each(actionNames)('gives a lost answer of %s the right name', async (name) => {
    const server = await startTcpServer((socket) => {
      socket.once('data', () => setTimeout(() => socket.resetAndDestroy(), 20))
      socket.resume()
    })
    const { target } = targetFor(server.url)
    const source = await createSourceFile(1000)
    cleanups.push(
      () => source.remove(),
      server.close,
      () => target.close(),
    )
    const failure = await failureOf(actions[name](target, source))
    expect(failure.kind).toBe(name === 'complete' ? 'ambiguous' : 'transient')
    expect(failure.message).not.toMatch(/uploadId|UPLOAD-1|127\.0\.0\.1|signature/i)
  })

  it.each(actionNames)('is aborted with the signal’s own reason (%s)', async (name) => {
    const { target, source } = await setup(() => {})
    const controller = new AbortController()
    const reason = new Error('the user said so')
    setTimeout(() => controller.abort(reason), 50)
    await expect(actions[name](target, source, controller.signal)).rejects.toBe(reason)
    await expect(actions[name](target, source, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  it('does not believe a success that comes before the bytes', async () => {
    const server = await startTcpServer((socket) =>
      socket.once('data', () => {
        socket.pause()
        socket.write(httpText('200 OK', { etag: '"E"', 'content-length': 0 }))
      }),
    )
    const { target } = targetFor(server.url)
    const source = await createSourceFile(40_000_000)
    cleanups.push(
      () => source.remove(),
      server.close,
      () => target.close(),
    )
    expect((await failureOf(actions.part(target, source))).kind).toBe('transient')
  })

  it('holds no secret in any failure or log line, though OSS echoes them', async () => {
    const credentials = rotatingCredentials()
    const { securityToken, accessKeySecret } = credentials.current()
    const { target, source, log } = await setup(
      (_request, response) =>
        reply(
          response,
          403,
          {},
          errorXml('AccessDenied', `token ${securityToken} secret ${accessKeySecret} at http://h/b?Signature=abc%2F1`),
        ),
      { credentials },
    )
    for (const name of actionNames) {
      const failure = await failureOf(actions[name](target, source)).catch(() => null)
      expect(failure?.message ?? '').not.toMatch(/canary|Signature=/)
    }
    expect(log.length).toBeGreaterThan(0)
    expect(JSON.stringify(log)).not.toMatch(/canary|Signature/)
  })
})

describe('credentials', () => {
  it.each(['SecurityTokenExpired', 'InvalidSecurityToken', 'InvalidAccessKeyId'])(
    'are refreshed once after %s and the request is sent again with the new ones',
    async (code) => {
      const credentials = rotatingCredentials()
      const { target, source, seen } = await setup(
        (request, response) =>
          request.headers['x-oss-security-token'] === 'canary-token-1'
            ? refuse(response, 403, code)
            : reply(response, 200, { etag: '"E"' }),
        { credentials },
      )
      expect((await actions.part(target, source)).etag).toBe('E')
      expect(credentials.renewals()).toBe(1)
      expect(seen.map(({ headers }) => /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1])).toEqual([
        'AKID-1',
        'AKID-2',
      ])
      expect(seen[1]?.body.equals(source.bytes)).toBe(true)
    },
  )

  it('hear of a good answer to a request that was signed with them, and of no other', async () => {
    const rotating = rotatingCredentials()
    const accepted: string[] = []
    const credentials = { ...rotating, accepted: (set: CredentialSet) => void accepted.push(set.accessKeyId) }
    const { target, source } = await setup(
      (_request, response, turn) =>
        turn === 2 ? reply(response, 200, { etag: '"E"' }) : refuse(response, 403, 'AccessDenied'),
      { credentials },
    )
    expect((await failureOf(actions.part(target, source))).code).toBe('access_denied')
    expect(accepted).toEqual([])
    await actions.part(target, source)
    expect(accepted).toEqual(['AKID-1'])
  })

  it('are asked for once only, then the failure stands', async () => {
    const credentials = rotatingCredentials()
    const { target, source, seen } = await setup(
      (_request, response) => refuse(response, 403, 'SecurityTokenExpired'),
      {
        credentials,
      },
    )
    expect(await failureOf(actions.list(target, source))).toMatchObject({
      kind: 'credentials',
    })
    expect(credentials.renewals()).toBe(1)
    expect(seen).toHaveLength(2)
  })

  it('are not refreshed again by a request whose keys another one has renewed already', async () => {
    const credentials = rotatingCredentials()
    const { target, source } = await setup(
      (request, response, turn) => {
        if (request.headers['x-oss-security-token'] !== 'canary-token-1') return reply(response, 200, { etag: '"E"' })
        if (turn === 1) credentials.rotate()
        refuse(response, 403, 'SecurityTokenExpired')
      },
      { credentials },
    )
    await actions.part(target, source)
    expect(credentials.renewals()).toBe(1)
  })

  it('that never change are not tried twice', async () => {
    const { target, source, seen } = await setup((_request, response) => refuse(response, 403, 'InvalidAccessKeyId'))
    expect(await failureOf(actions.part(target, source))).toMatchObject({ kind: 'permanent', code: 'access_denied' })
    expect(seen).toHaveLength(1)
  })
})

describe('the signing clock', () => {
  it('is corrected from OSS’s Date for every kind of request, and the request is sent again', async () => {
    const serverNow = () => Date.now() + 3 * 3_600_000
    const isRight = ({ headers }: SeenRequest): boolean => {
      const basic = /^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/
      const signedAt = Date.parse(String(headers['x-oss-date']).replace(basic, '$1-$2-$3:$4:$5'))
      return Math.abs(signedAt - serverNow()) < 900_000
    }
    const { target, source, seen } = await setup((request, response) => {
      const date = new Date(serverNow()).toUTCString()
      if (isRight(request)) reply(response, 200, { etag: '"E"', date })
      else refuse(response, 403, 'RequestTimeTooSkewed', { date })
    })
    await actions.part(target, source)
    await actions.put(target, source)
    await target.head(object, unaborted())
    expect(seen.map(isRight)).toEqual([false, true, true, true])
  })

  it('is corrected once only, then the failure stands', async () => {
    const { target, source, seen } = await setup((_request, response) => refuse(response, 403, 'RequestTimeTooSkewed'))
    expect((await failureOf(actions.list(target, source))).kind).toBe('clock')
    expect(seen).toHaveLength(2)
  })
})

describe('signatures', () => {
  it('take the key pair of the moment, not of the start', async () => {
    const credentials = rotatingCredentials()
    const { target, source, seen } = await setup((_request, response) => reply(response, 200, { etag: '"E"' }), {
      credentials,
    })
    await actions.part(target, source)
    credentials.rotate()
    await actions.part(target, source)
    await target.head(object, unaborted()).catch(() => {})
    expect(seen.map(({ headers }) => headers['x-oss-security-token'])).toEqual([
      'canary-token-1',
      'canary-token-2',
      'canary-token-2',
    ])
  })

  it('can be V1', async () => {
    const { target, source, seen } = await setup((_request, response) => reply(response, 200, { etag: '"E"' }), {
      signature: 'v1',
    })
    await actions.part(target, source)
    await actions.abort(target, source)
    for (const { headers } of seen) {
      expect(headers.authorization).toMatch(new RegExp(`^OSS ${keys.accessKeyId}:[A-Za-z0-9+/]+=*$`))
      expect(Date.parse(String(headers['x-oss-date']))).not.toBeNaN()
    }
  })
})
