import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from '../e2e/daemon-process.js'
import { createWorld, newSeed, type World } from '../e2e/world.js'

const sockets = Number(process.env['FUZZ_SOCKETS'] ?? 1_000)
const seed = newSeed()
const inFlight = 16

let world: World
let daemon: DaemonProcess
beforeAll(async () => {
  process.stdout.write(`R8: SEED=${seed}\n`)
  world = await createWorld()
  daemon = await world.start({ LONGSHORE_LOG_LEVEL: 'error' })
})
afterAll(() => world.end())

const body = '{"source":{"path":"/x"},"target":{"bucket":"b","key":"k"}}'
const honest = [
  'GET /v1/jobs?limit=1 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n',
  'HEAD /v1/stats HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n',
  `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  `POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3a\r\n${body}\r\n0\r\n\r\n`,
  'POST /v1/jobs/x/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}',
  'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
] as const

const pieces = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  '\0',
  '\x7f',
  'HTTP/9.9',
  'HTTP/0.9',
  '%',
  '%zz',
  '/../',
  '//',
  '?',
  '#',
  'Content-Length: 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 5, 6\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Host: evil\r\n',
  'Upgrade: websocket\r\nConnection: upgrade\r\n',
  'Connection: close, x\r\n',
  'X: '.padEnd(20_000, 'x'),
  'é',
  '\xff\xfe',
  'ffffffffffffffff\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]

/** These are honest requests, or two behind each other, with a few wounds. */
const wounded = fc
  .tuple(
    fc.array(fc.constantFrom(...honest), { minLength: 1, maxLength: 2 }),
    fc.array(
      fc.record({
        at: fc.nat(999),
        cut: fc.nat(12),
        put: fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary-ascii', maxLength: 5 })),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([requests, wounds]) =>
    wounds.reduce((text, { at, cut, put }) => {
      const place = Math.floor((at / 1000) * text.length)
      return text.slice(0, place) + put + text.slice(place + cut)
    }, requests.join('')),
  )

/** Returns everything that comes back until the connection ends. The peer sends everything and hangs up its half. */
const exchange = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let received = ''
    const { hostname, port } = new URL(daemon.url)
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(Buffer.from(bytes, 'latin1')))
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    // A reset is an answer too.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
  })

describe('Malformed HTTP on raw sockets', () => {
  it('is refused or hung up on, and never answered by a bug', { timeout: 3_600_000 }, async () => {
    const queue = fc.sample(wounded, { seed, numRuns: sockets })
    const statuses = new Map<string, number>()
    const wrong: string[] = []
    const worker = async (): Promise<void> => {
      for (let bytes = queue.pop(); bytes !== undefined; bytes = queue.pop()) {
        const received = await exchange(bytes)
        if (received !== '' && !received.startsWith('HTTP/1.1 '))
          wrong.push(`${JSON.stringify(bytes)}: ${received.slice(0, 200)}`)
        for (const [, status = ''] of received.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          if (status.startsWith('5')) wrong.push(`${JSON.stringify(bytes)}: ${received.slice(0, 300)}`)
        }
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
    const figures = [...statuses].sort().map(([status, count]) => `${count} x ${status}`)
    process.stdout.write(
      `R8: ${sockets} wounded exchanges (${figures.join(', ')}), ${wrong.length} wrong; SEED=${seed}\n`,
    )
    expect(wrong.slice(0, 10)).toEqual([])
    expect(statuses.get('400') ?? 0).toBeGreaterThan(sockets / 10)
    expect((await daemon.request('GET', '/livez')).status).toBe(200)
  })
})
