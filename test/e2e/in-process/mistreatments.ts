import { errorXml } from '../../adapters/oss/raw-servers.js'
import type { Mistreatment, OssAnswer } from './fault-proxy.js'

const xml = { 'content-type': 'application/xml', 'x-oss-request-id': 'REQ-OF-THE-PROXY' }

/**
 * Returns an answer that OSS could give instead of the true one. HEAD, which has no body, gets the error in a header.
 */
const refusal = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): OssAnswer => {
  const body = errorXml(code)
  return { status, headers: { ...xml, 'x-oss-err': Buffer.from(body).toString('base64'), ...headers }, body }
}

/** Answers without reading the body or asking OSS. */
const instead =
  (answer: OssAnswer): Mistreatment =>
  (call) =>
    call.answer(answer)

/** OSS does what was asked, and the client is told so in other words. */
const altered =
  (alter: (answer: OssAnswer) => OssAnswer): Mistreatment =>
  async (call) =>
    call.answer(alter(await call.forward()))

/** Returns a success with this body. A 204 could have none. */
const withBody =
  (change: (body: string) => string) =>
  ({ headers, body }: OssAnswer): OssAnswer => ({ status: 200, headers, body: change(body) })

const replaced = (answer: OssAnswer, header: string, element: string, value: string): OssAnswer => ({
  ...answer,
  headers: header in answer.headers ? { ...answer.headers, [header]: value } : answer.headers,
  body: answer.body.replace(new RegExp(`<${element}>[^<]*`, 'g'), `<${element}>${value}`),
})

const dripEveryMs = 40

export const mistreatments = {
  resetBeforeBody: ({ request }) => void request.socket.resetAndDestroy(),
  async resetMidBody({ request, receiveHalf }) {
    await receiveHalf()
    request.socket.resetAndDestroy()
  },
  async resetAfterBody({ request, receiveAll }) {
    await receiveAll()
    request.socket.resetAndDestroy()
  },
  /** Reads nothing and says nothing. */
  blackHole: () => {},
  async slowDrip({ request, response, forward }) {
    await forward()
    // An answer to HEAD ends with its head, so here the head never ends.
    const length = request.method === 'HEAD' ? '' : 'content-length: 100000\r\n\r\n'
    request.socket.write(`HTTP/1.1 200 OK\r\nx-drip: 1\r\n${length}`)
    const drip = setInterval(() => request.socket.write('x'), dripEveryMs)
    response.once('close', () => clearInterval(drip))
  },
  async silence({ forward }) {
    await forward()
  },
  async halfAnAnswer({ request, forward }) {
    const { status, headers } = await forward()
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    request.socket.write(`HTTP/1.1 ${status} Half\r\n${lines.join('')}`)
  },
  continueThenSilence: ({ response }) => response.writeContinue(),
  early403: instead(refusal(403, 'AccessDenied')),
  xml500: instead(refusal(500, 'InternalError')),
  html502: instead({
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html><h1>Bad Gateway</h1><hr></html>',
  }),
  empty500: instead({ status: 500, headers: {}, body: '' }),
  retryAfter503: instead(refusal(503, 'ServiceUnavailable', { 'retry-after': '1' })),
  truncatedXml: altered(withBody((body) => body.slice(0, Math.ceil(body.length / 2)) || '<Result><Bucke')),
  malformedXml: altered(withBody(() => '<Result><Bucket></Result></Bucket>')),
  error200: instead({ ...refusal(200, 'InternalError'), headers: xml }),
  wrongCrc: altered((answer) => replaced(answer, 'x-oss-hash-crc64ecma', 'HashCrc64ecma', '1234567890123456789')),
  wrongEtag: altered((answer) => replaced(answer, 'etag', 'ETag', '"0123456789ABCDEF0123456789ABCDEF"')),
  async lostAnswer({ request, forward }) {
    await forward()
    request.socket.destroy()
  },
  expiredToken: instead(refusal(403, 'SecurityTokenExpired')),
} satisfies Readonly<Record<string, Mistreatment>>
