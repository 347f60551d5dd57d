import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Jobs } from '../../src/engine/use-cases/jobs.js'
import { problemSchema } from '../../src/http/shapes/problems.js'
import { createHarness, type Harness, jobView, until, validBody } from './harness.js'

let opened: Harness[] = []
afterEach(async () => {
  await Promise.all(opened.map(({ app }) => app.close()))
  opened = []
})

/** Sends bytes as they are and reads until the server hangs up. */
const setup = async (answers: Partial<Jobs> = {}) => {
  const harness = await createHarness({ answers })
  opened.push(harness)
  await harness.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = harness.app.server.address() as AddressInfo
  const exchange = async (bytes: string) => {
    const text = await new Promise<string>((resolve, reject) => {
      let received = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      socket.setEncoding('latin1')
      socket.on('data', (chunk: string) => {
        received += chunk
      })
      socket.on('close', () => resolve(received))
      socket.on('error', reject)
    })
    const [head = '', body = ''] = text.split('\r\n\r\n')
    return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body }
  }
  return { ...harness, port, exchange }
}

const submit = (length: number | string, body: string): string =>
  `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n` +
  `Content-Length: ${length}\r\n\r\n${body}`

describe('Malformed HTTP', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a broken header', 'GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n'],
    ['a negative Content-Length', submit('-1', '')],
    ['a Content-Length that is no number', submit('ten', '')],
    ['two lengths', submit('2\r\nTransfer-Encoding: chunked', '{}')],
    ['two contradicting lengths', submit('2\r\nContent-Length: 3', '{}')],
    ['a bad URL', 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
    ['no Host header', 'GET /v1/jobs HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a bad chunk', 'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('with %s is a 400 problem', async (_what, bytes) => {
    const { exchange, jobs } = await setup()
    const { status, head, body } = await exchange(bytes)
    expect(status).toBe(400)
    expect(head).toContain('content-type: application/problem+json')
    expect(problemSchema.strict().parse(JSON.parse(body))).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(jobs.calls).toEqual([])
  })

  it.each([
    [
      'an Expect that nobody knows',
      'GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: x\r\n\r\n',
      417,
    ],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', 405],
    ['OPTIONS of everything', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
    ['a compressed body', submit('2\r\nContent-Encoding: gzip', '{}'), 415],
    [
      'a path parameter of 4 KiB',
      `GET /v1/jobs/${'x'.repeat(4096)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      400,
    ],
  ])('with %s is answered by a problem', async (_what, bytes, expected) => {
    const { exchange, jobs } = await setup()
    const { status, head, body } = await exchange(bytes)
    expect(status).toBe(expected)
    expect(head).toContain('content-type: application/problem+json')
    const problem = problemSchema.strict().parse(JSON.parse(body))
    expect(problem.status).toBe(expected)
    expect(problem.detail).not.toContain('xxxx')
    expect(jobs.calls).toEqual([])
  })

  it('takes trailers behind the last chunk, and an Expect of 100-continue', async () => {
    const { exchange } = await setup()
    const body = JSON.stringify(validBody)
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-Trailer: 1\r\n\r\n`
    const head = 'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n'
    const chunked = await exchange(`${head}Trailer: X-Trailer\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)
    expect(chunked.status).toBe(201)
    const expecting = await exchange(`${head}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    expect([expecting.status, expecting.body]).toEqual([100, expect.stringMatching(/^http\/1.1 201/i)])
  })

  it('with endless headers is a 431 problem', async () => {
    const { exchange } = await setup()
    const { status, body } = await exchange(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)
    expect(status).toBe(431)
    expect(JSON.parse(body)).toMatchObject({ status: 431, code: 'head_too_large' })
  })

  it('with an address longer than 16 KiB is a 431 problem that says so', async () => {
    const { exchange } = await setup()
    const { status, head, body } = await exchange(
      `GET /v1/jobs?q=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    )
    expect(status).toBe(431)
    expect(head).toContain('content-type: application/problem+json')
    const problem = problemSchema.strict().parse(JSON.parse(body))
    expect(problem.code).toBe('head_too_large')
    expect(problem.detail).toContain('16 KiB')
  })

  it('with a body far over the limit is refused before it is sent', async () => {
    const { exchange } = await setup()
    const { status, body } = await exchange(submit(1 << 30, '{"source":'))
    expect(status).toBe(413)
    expect(JSON.parse(body)).toMatchObject({ status: 413, code: 'payload_too_large' })
  })

  it('with an endless chunked body is refused', async () => {
    const { exchange } = await setup()
    const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`
    const head = 'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const { status } = await exchange(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`)
    expect(status).toBe(413)
  })

  it('leaves the server serving others', async () => {
    const { exchange } = await setup()
    await exchange('\x00\x01\x02\r\n\r\n')
    const body = JSON.stringify(validBody)
    expect((await exchange(submit(Buffer.byteLength(body), body))).status).toBe(201)
  })
})

describe('A slow peer', () => {
  // Node looks at its connections every few seconds, so these take as long as a real attacker would hold them.
  it.concurrent.each([
    ['says nothing', '', ''],
    ['sends its headers drop by drop', 'GET /v1/jobs HTTP/1.1\r\n', 'a: b\r\n'],
  ])('that %s is cut off', async (_what, first, drop) => {
    const harness = await createHarness()
    await harness.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = harness.app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1', () => socket.write(first))
    const drops = setInterval(() => socket.write(drop), 500)
    try {
      socket.on('error', () => undefined)
      socket.resume()
      await new Promise((resolve) => socket.once('close', resolve))
    } finally {
      clearInterval(drops)
      await harness.app.close()
    }
  })
})

describe('A client that goes away in the middle of its body', () => {
  const head = 'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

  it.each([
    ['hangs up', `${head}Content-Length: 100\r\n\r\n{"sou`, 'end'],
    ['is reset', `${head}Content-Length: 100\r\n\r\n{"sou`, 'reset'],
    ['hangs up between two chunks', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"sou\r\n`, 'end'],
    ['breaks its chunks', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"sou\r\nzz\r\n`, 'nothing'],
  ])('that %s is no bug in the log', async (_what, bytes, then) => {
    const { app, port, lines, jobs } = await setup()
    const begun = new Promise<void>((resolve) => app.server.once('request', () => resolve()))
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', () => undefined)
    socket.resume()
    await begun
    if (then === 'end') socket.end()
    if (then === 'reset') socket.resetAndDestroy()
    await until(() => lines.some(({ message }) => /broke off|by a bug/.test(message)), 'the line')
    socket.destroy()
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
    expect(jobs.calls).toEqual([])
  })
})

describe('Odd but honest HTTP', () => {
  it('answers HEAD without a body', async () => {
    const { exchange } = await setup()
    const { status, head, body } = await exchange(
      'HEAD /v1/jobs/job-1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    )
    expect(status).toBe(200)
    expect(head).toMatch(/content-length: [1-9]/)
    expect(body).toBe('')
  })

  it('takes a chunked body', async () => {
    const { exchange } = await setup()
    const body = JSON.stringify(validBody)
    const head =
      'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked'
    expect((await exchange(`${head}\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)).status).toBe(201)
  })
})

describe('A kept connection', () => {
  it('is served to the end while the app closes', async () => {
    let answerWait: (job: ReturnType<typeof jobView>) => void = () => undefined
    const held = new Promise<ReturnType<typeof jobView>>((resolve) => {
      answerWait = resolve
    })
    const { app, jobs, port } = await setup({ wait: () => held })
    let received = ''
    let ended = false
    const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    const socket = connect(port, '127.0.0.1', () => socket.write(ask('/v1/jobs/job-1?wait=30')))
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('close', () => {
      ended = true
    })
    await until(() => jobs.calls.length === 1, 'the wait to begin')
    const closed = app.close()
    await until(() => !app.server.listening, 'the app to stop listening')
    socket.write(ask('/v1/version'))
    await until(() => socket.writableLength === 0, 'the second request to leave')
    answerWait(jobView())
    await closed
    await until(() => ended, 'the connection to end')
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
    expect(received).toContain('"version":"1.2.3"')
  })
})
