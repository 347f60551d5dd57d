import { closeSync, openSync, read, truncateSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { openGate } from '../../../src/adapters/oss/lanes/pace-gate.js'
import {
  createRangeSender,
  type RangeToSend,
  type SendRangeOptions,
} from '../../../src/adapters/oss/lanes/send-range.js'
import { createSourceReads } from '../../../src/adapters/oss/lanes/source-reads.js'
import { createAgent } from '../../../src/adapters/oss/wire/agents.js'
import { createCrc64 } from '../../../src/core/crc64.js'
import { httpText, startHttpServer, startTcpServer, until } from './raw-servers.js'
import { createSourceFile } from './source-file.js'
import { directly } from './target-setup.js'

const MiB = 1024 * 1024
const timeouts = { connectMs: 5_000, idleMs: 5_000, answerMs: 5_000, budgetMs: 30_000 }

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const setup = async (
  size: number,
  server: Promise<{ port: number; close(): Promise<void> }>,
  reads?: ReturnType<typeof createSourceReads>,
) => {
  const source = await createSourceFile(size)
  const { port, close } = await server
  const agent = createAgent({ protocol: 'http:', network: directly, connectMs: 600, maxFreeSockets: 16 })
  cleanups.push(
    () => source.remove(),
    close,
    async () => {
      await until('no connection is in use', () => Object.values(agent.sockets).flat().length === 0)
      agent.destroy()
    },
  )
  const sendRange = createRangeSender(createCrc64, openGate, reads)
  const progress: number[] = []
  const send = (range: RangeToSend, options: Partial<SendRangeOptions> = {}) =>
    sendRange(
      agent,
      {
        protocol: 'http:',
        hostname: '127.0.0.1',
        port,
        path: '/b/k',
        method: 'PUT',
        headers: { host: 'h', 'content-length': String(range.length) },
        timeouts,
      },
      range,
      { signal: new AbortController().signal, onProgress: (bytes) => progress.push(bytes), ...options },
    )
  return { source, send, progress, agent }
}

/** Returns an odd position to begin at, so that no two ranges have their buffers' bounds in common. */
const n0 = (length: number): number => length % 1_000

const accepting = () => startHttpServer((_request, response) => response.end())

describe('sendRange', () => {
  it.each([
    ['nothing', 0, 0],
    ['one byte', 3, 1],
    ['less than a write', 7, 1000],
    ['exactly one buffer', 0, MiB],
    ['one byte more than a buffer', 1, MiB + 1],
    ['an odd range in the middle', 12_345, 3 * MiB + 77],
    ['the whole file', 0, 5 * MiB],
  ])('sends exactly %s and its CRC-64', async (_name, offset, length) => {
    const server = await accepting()
    const { source, send } = await setup(5 * MiB, Promise.resolve(server))
    const sent = await send(source.range(offset, length))
    expect(sent).toMatchObject({ status: 200, bytesSent: length, crc64: source.crc64(offset, length), early: false })
    expect(server.seen[0]?.body.equals(source.bytes.subarray(offset, offset + length))).toBe(true)
  })

  it('keeps ranges apart that are sent at the same time with reused buffers', async () => {
    const server = await accepting()
    const { source, send } = await setup(9 * MiB, Promise.resolve(server))
    for (let round = 0; round < 2; round++) {
      const offsets = [0, 1, 2].map((n) => n * 3 * MiB)
      const sent = await Promise.all(offsets.map((offset) => send(source.range(offset, 3 * MiB))))
      expect(sent.map(({ crc64 }) => crc64)).toEqual(offsets.map((offset) => source.crc64(offset, 3 * MiB)))
    }
    const starts = server.seen.map(({ body }) => source.bytes.indexOf(body.subarray(0, 64)))
    expect(starts.sort((a, b) => a - b)).toEqual([0, 0, 3 * MiB, 3 * MiB, 6 * MiB, 6 * MiB])
    expect(server.seen.every(({ body }) => source.bytes.includes(body))).toBe(true)
  })

  it('sends the same bytes when it has to be sparing with buffers', async () => {
    const server = await accepting()
    const { source, send } = await setup(3 * MiB, Promise.resolve(server))
    const lengths = Array.from({ length: 12 }, (_, n) => MiB + n * 150_001)
    const sent = await Promise.all(lengths.map((length) => send(source.range(n0(length), length))))
    expect(sent.map(({ crc64 }) => crc64)).toEqual(lengths.map((length) => source.crc64(n0(length), length)))
    expect(server.seen.every(({ body }) => source.bytes.includes(body))).toBe(true)
  })

  it('notices a source that became shorter, and completes nothing', async () => {
    const server = await accepting()
    const { source, send } = await setup(2 * MiB, Promise.resolve(server))
    truncateSync(source.path, MiB + 10)
    await expect(send(source.range(0, 2 * MiB))).rejects.toMatchObject({ kind: 'changed', code: 'source_changed' })
    expect(server.seen).toEqual([])
  })

  it('never uses a buffer again into which a read that hangs may still write', async () => {
    const server = await accepting()
    const late: (() => void)[] = []
    let hangs = true
    /** Holds the first read back, and makes it in the end, as a file system does that comes back. */
    const holding = ((...args: Parameters<typeof read>) => {
      if (hangs) late.push(() => read(...args))
      else read(...args)
      hangs = false
    }) as typeof read
    let stuck = 0
    const onUnstuck = (): void => {
      stuck -= 1
    }
    const onStuck = (): void => {
      stuck += 1
    }
    const reads = createSourceReads({ most: 8, read: holding, idleMs: 300, onStuck, onUnstuck })
    const { source, send } = await setup(5 * MiB, Promise.resolve(server), reads)
    await expect(send(source.range(0, MiB))).rejects.toMatchObject({ kind: 'stalled' })
    // The file that hangs is not read again, but any other file may be.
    const other = { ...source.range(MiB, 4 * MiB), inode: '2' }
    const sent = send(other, {
      async confirm() {
        for (const make of late) make()
        await until('the late read is answered', () => stuck === 0)
      },
    })
    expect(await sent).toMatchObject({ status: 200, crc64: source.crc64(MiB, 4 * MiB) })
    expect(server.seen.at(-1)?.body.equals(source.bytes.subarray(MiB, 5 * MiB))).toBe(true)
  })

  it('tells a source that cannot be read from a network that fails', async () => {
    const server = await accepting()
    const { send } = await setup(10, Promise.resolve(server))
    const directory = openSync('/', 'r')
    try {
      const failure = send({ fd: directory, device: '1', inode: '1', offset: 0, length: 10 })
      await expect(failure).rejects.toMatchObject({ kind: 'local', code: 'source_unreadable' })
    } finally {
      closeSync(directory)
    }
    expect(server.seen).toEqual([])
  })

  it('reads nothing any more once it has settled, whatever ended it', async () => {
    const { source, send, agent } = await setup(
      32 * MiB,
      startTcpServer((socket) => void socket.pause()),
    )
    const controller = new AbortController()
    const attempt = send(source.range(), { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('stop')), 100)
    await expect(attempt).rejects.toThrow('stop')
    expect(process.getActiveResourcesInfo().filter((name) => name === 'FSReqCallback')).toEqual([])
    expect(Object.values(agent.sockets).flat()).toEqual([])
  })

  it('believes a refusal that comes before the bytes are sent', async () => {
    const refusing = startTcpServer((socket) =>
      socket.once('data', () => {
        socket.pause()
        socket.write(httpText('403 Forbidden', { 'content-length': 2 }, 'no'))
      }),
    )
    const { source, send } = await setup(32 * MiB, refusing)
    const sent = await send(source.range())
    expect(sent).toMatchObject({ status: 403, body: 'no', early: true })
    expect(sent.bytesSent).toBeLessThan(32 * MiB)
  })

  it('reports growing progress, seldom, and none after it settled', async () => {
    const { source, send, progress } = await setup(32 * MiB, accepting())
    const startedAt = Date.now()
    await send(source.range())
    const seconds = (Date.now() - startedAt) / 1000
    const reported = [...progress]
    expect(reported.length).toBeGreaterThan(0)
    expect(reported.length).toBeLessThanOrEqual(1 + seconds * 4)
    expect(reported).toEqual([...reported].sort((a, b) => a - b))
    await new Promise((resolve) => setImmediate(resolve))
    expect(progress).toEqual(reported)
  })

  it('asks for confirmation while the last byte is still here', async () => {
    const server = await accepting()
    const { source, send } = await setup(3 * MiB, Promise.resolve(server))
    let asked = 0
    const confirm = async () => {
      asked++
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(server.seen).toEqual([])
    }
    await send(source.range(), { confirm })
    expect(asked).toBe(1)
    expect(server.seen).toHaveLength(1)
  })

  it.each([0, 1, 3 * MiB])('makes no request of %i bytes whole when it is not confirmed', async (length) => {
    const server = await accepting()
    const { source, send } = await setup(3 * MiB, Promise.resolve(server))
    const refusal = new Error('changed meanwhile')
    await expect(send(source.range(0, length), { confirm: () => Promise.reject(refusal) })).rejects.toBe(refusal)
    expect(server.seen).toEqual([])
  })
})
