import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { Target } from '../../../src/ports/target.js'
import { startHttpServer } from './raw-servers.js'
import { createSourceFile, type SourceFile } from './source-file.js'
import { failureOf, noOptions, object, targetFor, unaborted, upload } from './target-setup.js'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const sending = () => ({ signal: unaborted(), onProgress: () => {}, confirm: async () => {} })
const actions: Readonly<Record<string, (target: Target, source: SourceFile) => Promise<unknown>>> = {
  initiate: (target) => target.initiate(object, noOptions, unaborted()),
  part: (target, source) => target.uploadPart(upload, 1, source.range(), noOptions, sending()),
  put: (target, source) => target.putObject(object, source.range(), noOptions, sending()),
  list: (target) => target.listParts(upload, unaborted()),
  complete: (target) => target.complete(upload, [{ partNumber: 1, etag: 'E' }], noOptions, unaborted()),
  abort: (target) => target.abort(upload, unaborted()),
  head: (target) => target.head(object, unaborted()),
}
const names = Object.keys(actions)

/** Returns what each of the calls makes of the same answer. */
const meet = async (name: string, answer: (response: ServerResponse, method: string) => void) => {
  const server = await startHttpServer(({ method }, response) => answer(response, method ?? ''))
  const { target } = targetFor(server.url)
  const source = await createSourceFile(1000)
  cleanups.push(async () => {
    await target.close()
    await server.close()
    await source.remove()
  })
  const action = actions[name]
  if (action === undefined) throw new Error(`no ${name}`)
  return failureOf(action(target, source))
}

const right = 'oss-cn-beijing.aliyuncs.com'
const wrongEndpoint = (endpoint: string): string =>
  `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>The bucket must be addressed using the specified endpoint.</Message><RequestId>R1</RequestId><Endpoint>${endpoint}</Endpoint></Error>`

describe.each(names)('an answer to %s', (name) => {
  it.each([301, 302, 307, 308])(
    'that redirects (%i) names the host of its Location, and nothing else of it',
    async (status) => {
      const failure = await meet(name, (response) => {
        response.writeHead(status, {
          'x-oss-request-id': 'R1',
          location: `http://user:pass@bucket-a.${right}:8080/dir/a.bin?Signature=secret`,
        })
        response.end()
      })
      expect(failure).toMatchObject({ kind: 'permanent', status, elsewhere: `bucket-a.${right}:8080` })
      expect(failure.message).toContain(`it redirects to bucket-a.${right}:8080`)
      expect(failure.message).not.toMatch(/secret|pass/)
    },
  )

  it('that refuses the endpoint names the right one', async () => {
    const failure = await meet(name, (response) => {
      const body = wrongEndpoint(right)
      response.writeHead(403, { 'x-oss-request-id': 'R1', 'x-oss-err': Buffer.from(body).toString('base64') })
      response.end(body)
    })
    expect(failure).toMatchObject({ code: 'access_denied', ossCode: 'AccessDenied', requestId: 'R1', elsewhere: right })
    expect(failure.message).toContain(`using the specified endpoint; the right endpoint is ${right}`)
  })

  it('that has no request id is told as something in front of OSS', async () => {
    const failure = await meet(name, (response) =>
      response.writeHead(403, { 'content-type': 'text/html' }).end('<html>'),
    )
    expect(failure).toMatchObject({ status: 403, requestId: null, code: 'access_denied' })
    expect(failure.message).toMatch(/^Something in front of OSS answered \w+ with 403/)
  })
})

describe('a success that did not come from OSS', () => {
  it.each(names.filter((name) => name !== 'abort'))('is told as something in front of OSS (%s)', async (name) => {
    const failure = await meet(name, (response) => response.writeHead(200).end('welcome to our network'))
    expect(failure.message).toMatch(/^Something in front of OSS answered \w+ without/)
  })
})

describe('a host that is none', () => {
  it.each(['', '/login', 'not a host', '<script>', 'http://', '-'.repeat(300)])('%j is not named', async (location) => {
    const failure = await meet('list', (response) =>
      response.writeHead(302, { 'x-oss-request-id': 'R1', location: encodeURI(location) }).end(),
    )
    expect(failure.elsewhere).toBeNull()
  })
})
