import { Agent, request as httpRequest } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import { createEventFeed } from '../../src/engine/feed/event-feed.js'
import { createProgressBoard } from '../../src/engine/feed/progress-board.js'
import { createMetrics } from '../../src/http/metrics/metrics.js'
import type { Clock } from '../../src/ports/clock.js'
import { jobRequest, multipart, sent, threeParts } from '../contract/store-setup.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createHarness, type Harness, realClock, until } from './harness.js'

const readers = 300
const stalled = readers * 0.05
const stallMs = 54_321

const sockets: Socket[] = []
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
let harness: Harness | undefined
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  agent.destroy()
  await harness?.app.close()
})

/** These labels make events so large that what a stalled reader leaves does not fit the kernel's buffers. */
const largeLabels = { padding: 'x'.repeat(50_000) }

describe('Three hundred event streams', () => {
  it('each get every event once, for one look at the store; those that stall are cut', {
    timeout: 120_000,
  }, async () => {
    const wakeup = createLocalWakeup()
    const looks = { first: 0, live: 0, counted: false }
    const store = createMemoryStore({
      clock: realClock,
      wakeup,
      before: (operation) => {
        if (operation === 'lastEventId') looks.first += 1
        if (operation === 'eventsAfter' && looks.counted) looks.live += 1
      },
    })
    let endPatience: () => void = () => undefined
    const patience = new Promise<void>((resolve) => {
      endPatience = resolve
    })
    let waiting = 0
    const sleep: Clock['sleep'] = async (ms, signal) => {
      if (ms !== stallMs) return realClock.sleep(ms, signal)
      waiting += 1
      try {
        await new Promise((resolve, reject) => {
          patience.then(resolve)
          signal?.addEventListener('abort', reject)
        })
      } finally {
        waiting -= 1
      }
    }
    const clock = { ...realClock, sleep }
    const metrics = createMetrics({ version: '1.2.3', startedAt: 0 })
    const counts = { open: 0, cut: 0 }
    const counted = {
      ...metrics,
      readerCame() {
        counts.open += 1
      },
      readerWent(cut: boolean) {
        counts.open -= 1
        if (cut) counts.cut += 1
      },
    }
    const feed = createEventFeed({ store, progress: createProgressBoard(clock), wakeup, clock })
    harness = await createHarness({ feed, clock, stallMs, metrics: counted })
    const { app } = harness
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo

    /** Opens a stream. Returns the ids that its reader was sent, and whether the stream has ended. */
    const open = (path: string) => {
      const reader = { ids: [] as string[], ended: false }
      let rest = ''
      const client = httpRequest({ port, host: '127.0.0.1', path, agent }, (response) => {
        response.setEncoding('latin1')
        response.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) {
            if (line.startsWith('id: ')) reader.ids.push(line.slice(4))
            // This id is where the stream begins, and it is no event.
            else if (line === 'event: ready') reader.ids.pop()
          }
        })
        response.on('close', () => {
          reader.ended = true
        })
      })
      client.on('socket', (socket) => sockets.push(socket))
      client.on('error', () => undefined)
      client.end()
      return reader
    }
    const openStalled = (): void => {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
      socket.pause()
    }
    const healthy = Array.from({ length: readers - stalled }, (_, index) =>
      open(index % 2 === 0 ? '/v1/events?label=team' : '/v1/events?label=team=a'),
    )
    for (let index = 0; index < stalled; index += 1) openStalled()
    // Each of them has asked where it stands, and so has the tail that they share.
    await until(() => counts.open === readers && looks.first === readers + 1, 'all streams to open')

    looks.counted = true
    let told = 0
    const began = performance.now()
    for (let job = 1; job <= 200; job += 1) {
      await store.submit(jobRequest(`job-${job}`, { labels: { team: 'a' } }), null)
      const [claim] = (await store.claim({ node: 'node', limit: 1, leaseMs: 60_000 })).claims
      if (claim === undefined) throw new Error('nothing to claim')
      await store.beginUpload(claim.lease, multipart, threeParts)
      for (const number of [1, 2, 3]) await store.commitParts(claim.lease, [sent(number)])
      told = (await store.eventsAfter(null, {}, 100_000)).items.length
      looks.live -= 1
      if (job % 5 === 0) await until(() => healthy.every(({ ids }) => ids.length === told), `all of job ${job}`)
    }
    const seconds = (performance.now() - began) / 1000
    const all = (await store.eventsAfter(null, {}, 100_000)).items.map(({ id }) => id)
    looks.live -= 1
    for (const { ids, ended } of healthy) {
      expect(ended).toBe(false)
      expect(ids).toEqual(all)
    }
    process.stdout.write(
      `event streams: ${readers} readers, ${all.length} events, ${looks.live} looks at the store, ${seconds.toFixed(1)} s\n`,
    )
    expect(looks.live).toBeLessThan(all.length)

    for (let large = 1; large <= 300; large += 1) {
      await store.submit(jobRequest(`large-${large}`, { labels: largeLabels }), null)
      await new Promise(setImmediate)
    }
    await until(() => waiting === stalled, 'the stalled to take no more')
    for (const { ids } of healthy) expect(ids).toEqual(all)
    endPatience()
    await until(() => counts.cut === stalled, 'the stalled to be cut')
    expect(counts).toEqual({ open: readers - stalled, cut: stalled })
    expect(healthy.some(({ ended }) => ended)).toBe(false)
  })
})
