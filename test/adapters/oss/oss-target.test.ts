import { describe, expect, it } from 'vitest'
import { actionNames, actions, cleanups, completedXml, refuse, reply, setup } from './oss-target-setup.js'
import { errorXml, httpText, type SeenRequest, startTcpServer } from './raw-servers.js'
import { createSourceFile } from './source-file.js'
import { failureOf, object, rotatingCredentials, targetFor, unaborted } from './target-setup.js'

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
      // This goes by the server's own clock, which is not ours.
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
