import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import OSS from 'ali-oss'
import { afterEach, describe, expect, it } from 'vitest'
import type { OssTargetDeps } from '../../../src/adapters/oss/api/oss-target.js'
import {
  errorXml,
  httpText,
  type LocalServer,
  type SeenRequest,
  startHttpServer,
  startTcpServer,
} from './raw-servers.js'
import { createSourceFile, openSockets } from './source-file.js'
import {
  failureOf,
  keys,
  noOptions,
  object,
  rotatingCredentials,
  targetFor,
  unaborted,
  upload,
} from './target-setup.js'

/** These tests use this part of plain ali-oss, because its own typings are incomplete. */
interface PlainClient {
  readonly options: { cancelFlag?: boolean }
  initMultipartUpload(name: string, options?: object): Promise<{ uploadId?: string }>
  uploadPart(
    name: string,
    uploadId: string,
    partNumber: number,
    file: string,
    start: number,
    end: number,
    options?: object,
  ): Promise<{ etag: string }>
  completeMultipartUpload(name: string, uploadId: string, parts: object[]): Promise<{ etag?: string }>
  abortMultipartUpload(name: string, uploadId: string): Promise<unknown>
  listParts(name: string, uploadId: string): Promise<{ parts: unknown; isTruncated: unknown }>
  head(name: string): Promise<unknown>
  isCancel(): boolean
}

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Makes plain ali-oss and our target, side by side on the same server. */
const bothOn = <S extends LocalServer>(server: S, changes: Partial<OssTargetDeps> = {}, plainOptions: object = {}) => {
  const options = {
    accessKeyId: keys.accessKeyId,
    accessKeySecret: keys.accessKeySecret,
    bucket: object.bucket,
    endpoint: server.url.origin,
    sldEnable: true,
    authorizationV4: true,
    region: 'oss-cn-hangzhou',
    timeout: 4_000,
    ...plainOptions,
  }
  const plain = new OSS(options) as unknown as PlainClient
  const { target } = targetFor(server.url, changes)
  cleanups.push(server.close, () => target.close())
  return { plain, target }
}

const source = async (size: number) => {
  const file = await createSourceFile(size)
  cleanups.push(() => file.remove())
  return file
}

const onHttp = (answer: (request: SeenRequest, response: ServerResponse) => void) => startHttpServer(answer)
const sending = () => ({ signal: unaborted(), onProgress: () => {} })

describe('the traps of ali-oss', () => {
  it('1: aborting one upload does not stop another', async () => {
    const server = await onHttp((request, response) => {
      response.writeHead(request.method === 'DELETE' ? 204 : 200, { etag: '"E"' })
      response.end()
    })
    const { plain, target } = bothOn(server)
    await plain.abortMultipartUpload('a', 'U')
    expect(plain.isCancel()).toBe(true)

    const file = await source(300_000)
    const other = target.uploadPart({ ...upload, uploadId: 'B' }, 1, file.range(), noOptions, sending())
    await target.abort({ ...upload, uploadId: 'A' }, unaborted())
    await other
    const next = await target.uploadPart({ ...upload, uploadId: 'B' }, 2, file.range(), noOptions, sending())
    expect(next.etag).toBe('E')
  })

  it.each(['', errorXml('InternalError'), '<CompleteMultipartUploadResult/>'])(
    '2: a 200 that proves nothing (%j) completes and initiates nothing',
    async (body) => {
      const { plain, target } = bothOn(await onHttp((_request, response) => response.end(body)))
      expect((await plain.completeMultipartUpload('a', 'U', [{ number: 1, etag: 'E' }])).etag).toBeUndefined()
      if (body !== '' && !body.includes('/>')) {
        expect((await plain.initMultipartUpload('a')).uploadId).toBeUndefined()
      }

      const completed = target.complete(upload, [{ partNumber: 1, etag: 'E' }], noOptions, unaborted())
      expect((await failureOf(completed)).kind).toBe('ambiguous')
      expect((await failureOf(target.initiate(object, noOptions, unaborted()))).kind).toBe('transient')
    },
  )

  it('3: an answer that keeps moving may take longer than the idle limit', async () => {
    const list = '<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>'
    const server = await onHttp(async (_request, response) => {
      response.on('error', () => {})
      for (const chunk of list.match(/.{1,12}/g) ?? []) {
        response.write(chunk)
        await sleep(200)
      }
      response.end()
    })
    const limits = { idleMs: 700, answerMs: 700, controlMs: 10_000 }
    const { plain, target } = bothOn(server, { timeouts: limits }, { timeout: 700 })
    await expect(plain.listParts('a', 'U')).rejects.toMatchObject({ name: 'ResponseTimeoutError' })
    expect(await target.listParts(upload, unaborted())).toEqual([])
  })

  it('4: a failure keeps its cause and never the body or the URL', async () => {
    const html = `<html>page with a secret</p>${'x'.repeat(1000)}`
    const broken = await onHttp((_request, response) => {
      response.writeHead(502)
      response.end(html)
    })
    const onBroken = bothOn(broken)
    await expect(onBroken.plain.listParts('a', 'U')).rejects.toThrow('page with a secret')
    const failure = await failureOf(onBroken.target.listParts(upload, unaborted()))
    expect(failure).toMatchObject({ kind: 'transient', status: 502 })
    expect(failure.message).not.toContain('secret')

    const resetting = await startTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const onReset = bothOn(resetting)
    const plainError = await onReset.plain.listParts('a', 'U').catch((error: unknown) => error)
    expect(plainError).toMatchObject({ status: -1, code: 'ResponseError' })
    expect(String(plainError)).toContain('uploadId=U')
    const reset = await failureOf(onReset.target.listParts(upload, unaborted()))
    expect(reset.message).toBe('ListParts broke off while waiting (ECONNRESET).')
  })

  it('5: Initiate is sent once', async () => {
    let initiated = 0
    const server = await startTcpServer((socket) =>
      socket.once('data', () => {
        initiated++
        socket.resetAndDestroy()
      }),
    )
    const { plain, target } = bothOn(server, {}, { retryMax: 1 })
    await plain.initMultipartUpload('a').catch(() => {})
    expect(initiated).toBe(2)
    initiated = 0
    await failureOf(target.initiate(object, noOptions, unaborted()))
    expect(initiated).toBe(1)
  })

  it('6: headers go only where they belong, and the caller’s object stays as it is', async () => {
    const server = await onHttp((_request, response) => {
      response.writeHead(200, { etag: '"E"' })
      response.end()
    })
    const { plain, target } = bothOn(server)
    const file = await source(1000)
    const headers: Record<string, string> = { 'x-oss-meta-a': 'b', 'x-oss-server-side-encryption-key-id': 'k' }
    await plain.uploadPart('a', 'U', 1, file.path, 0, 1000, { headers })
    expect(server.seen[0]?.headers).toHaveProperty('x-oss-server-side-encryption-key-id')
    expect(headers).toHaveProperty('Content-Length')

    const objectOptions = {
      ...noOptions,
      headers: Object.freeze({ 'x-oss-meta-a': 'b', 'x-oss-server-side-encryption': 'KMS' }),
    }
    await target.uploadPart(upload, 1, file.range(), objectOptions, sending())
    expect(server.seen[1]?.headers).not.toHaveProperty('x-oss-meta-a')
    expect(server.seen[1]?.headers).not.toHaveProperty('x-oss-server-side-encryption')
  })

  it('7: a list is a list, numbers are numbers, and a last page is the last', async () => {
    const { plain, target } = bothOn(
      await onHttp((_request, response) =>
        response.end(
          '<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><ETag>"E"</ETag><Size>7</Size><HashCrc64ecma>9</HashCrc64ecma></Part></ListPartsResult>',
        ),
      ),
    )
    const listed = await plain.listParts('a', 'U')
    expect(Array.isArray(listed.parts)).toBe(false)
    expect(Boolean(listed.isTruncated)).toBe(true)
    expect(await target.listParts(upload, unaborted())).toEqual([{ partNumber: 1, size: 7, etag: 'E', crc64: '9' }])
  })

  it('8: an early refusal leaves no connection behind', async (context) => {
    if (process.platform !== 'linux') context.skip('counts sockets by /proc, which only Linux has: run it there')
    const file = await source(40_000_000)
    const attempt = async (send: (both: ReturnType<typeof bothOn>) => Promise<unknown>): Promise<number> => {
      const server = await startTcpServer((socket) =>
        socket.once('data', () => {
          socket.pause()
          const body = errorXml('AccessDenied')
          socket.write(httpText('403 Forbidden', { 'content-length': body.length }, body))
        }),
      )
      const before = openSockets()
      await send(bothOn(server)).catch(() => {})
      await sleep(50)
      const after = openSockets()
      await server.close()
      return after - before
    }
    // The server's own end may remain: it does not read, so it cannot see that the other one is gone.
    const ours = await attempt(({ target }) => target.uploadPart(upload, 1, file.range(), noOptions, sending()))
    expect(ours).toBeLessThanOrEqual(1)
    expect(await attempt(({ plain }) => plain.uploadPart('a', 'U', 1, file.path, 0, 40_000_000))).toBe(2)
  })

  it('9: dot segments reach no other bucket', async () => {
    const server = await onHttp((_request, response) => response.end())
    const { plain, target } = bothOn(server)
    const key = 'a/../../other-bucket/x'
    await plain.head(key).catch(() => {})
    expect(server.seen[0]?.path).toBe('/other-bucket/x')
    server.seen.length = 0
    expect((await failureOf(target.head({ ...object, key }, unaborted()))).code).toBe('bad_request')
    expect(server.seen).toEqual([])
  })

  it('10: expired keys are renewed when OSS says so, once for all who met it', async () => {
    const credentials = rotatingCredentials()
    const isOld = (request: SeenRequest): boolean => request.headers['x-oss-security-token'] === 'canary-token-1'
    const server = await onHttp((request, response) => {
      response.writeHead(isOld(request) ? 403 : 200, { etag: '"E"' })
      response.end(isOld(request) ? errorXml('SecurityTokenExpired') : '')
    })
    let plainRefreshes = 0
    const { plain, target } = bothOn(
      server,
      { credentials },
      {
        stsToken: 'canary-token-1',
        refreshSTSTokenInterval: 60_000,
        refreshSTSToken: async () => {
          plainRefreshes++
          return { ...keys, stsToken: 'canary-token-2' }
        },
      },
    )
    await expect(plain.initMultipartUpload('a')).rejects.toMatchObject({ code: 'SecurityTokenExpired' })
    expect(plainRefreshes).toBe(0)

    const file = await source(1000)
    const parts = [1, 2, 3, 4, 5, 6, 7, 8]
    const sent = await Promise.all(parts.map((n) => target.uploadPart(upload, n, file.range(), noOptions, sending())))
    expect(sent.map(({ etag }) => etag)).toEqual(parts.map(() => 'E'))
    expect(credentials.renewals()).toBe(1)
  })

  it('11: Host is the endpoint’s own and the signature names the region of the settings', async () => {
    const server = await onHttp((_request, response) => response.end())
    const { plain, target } = bothOn(server, { region: 'eu-central-1' })
    await plain.head('a').catch(() => {})
    expect(server.seen[0]?.headers.host).toBe(`${object.bucket}.oss-cn-hangzhou.aliyuncs.com`)
    await target.head(object, unaborted()).catch(() => {})
    const file = await source(10)
    await target.uploadPart(upload, 1, file.range(), noOptions, sending()).catch(() => {})
    for (const { headers } of server.seen.slice(1)) {
      expect(headers.host).toBe(server.url.host)
      expect(headers.authorization).toContain('/eu-central-1/oss/aliyun_v4_request')
    }
    expect(server.seen).toHaveLength(3)
  })

  it('12: connections are bounded, and closed with their owner', async () => {
    let most = 0
    const server = await onHttp(async (_request, response) => {
      most = Math.max(most, server.open())
      await sleep(50)
      response.writeHead(200, { etag: '"E"' })
      response.end()
    })
    const { plain, target } = bothOn(server, { maxSockets: 2 })
    const file = await source(1000)
    const eight = [1, 2, 3, 4, 5, 6, 7, 8]
    await Promise.all(eight.map((n) => target.uploadPart(upload, n, file.range(), noOptions, sending())))
    expect(most).toBe(2)
    await target.close()
    while (server.open() > 0) await sleep(5)
    await Promise.all(eight.map((n) => plain.uploadPart('a', 'U', n, file.path, 0, 1000)))
    expect(most).toBe(8)
  })

  it('13: a request that waits for its answer can be given up, and its connection goes with it', async () => {
    const server = await onHttp(() => {})
    const { target } = bothOn(server)
    const controller = new AbortController()
    const waiting = target.complete(upload, [{ partNumber: 1, etag: 'E' }], noOptions, controller.signal)
    while (server.seen.length === 0) await sleep(5)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    while (server.open() > 0) await sleep(5)
  })
})
