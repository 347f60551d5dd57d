import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fingerprintFrom } from '../../../src/adapters/file/fingerprint.js'
import { startLanes } from '../../../src/adapters/oss/lanes/lanes.js'
import type { RangeToSend, SendRangeOptions } from '../../../src/adapters/oss/lanes/send-range.js'
import { createSharedPacer } from '../../../src/adapters/oss/lanes/shared-pacer.js'
import { compiledThread } from '../../house/compiled-thread.js'
import { type LocalServer, startHttpServer, startTcpServer, until } from './raw-servers.js'
import { createSourceFile } from './source-file.js'
import { type LogLine, recordingLogger, unaborted } from './target-setup.js'

const MiB = 1024 * 1024
const timeouts = { connectMs: 5_000, idleMs: 5_000, answerMs: 5_000, budgetMs: 30_000 }

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const realThread = (): URL => compiledThread('daemon/lane.js', ['src/adapters/oss', 'src/adapters/file', 'src/core'])

const setup = async (options: {
  readonly size: number
  readonly count?: number
  readonly server?: Promise<LocalServer>
  readonly threadUrl?: URL
}) => {
  const { size, count = 2, server = startHttpServer((_request, response) => response.end()) } = options
  const source = await createSourceFile(size)
  const { port, close } = await server
  const log: LogLine[] = []
  const fatal: { readonly exitCode: number; readonly message: string }[] = []
  const pacer = createSharedPacer()
  const lanes = startLanes({
    nice: 0,
    threadData: { roots: { allowed: ['/'], forbidden: [] } },
    count,
    network: { httpProxy: null, httpsProxy: null, noProxy: [], ca: null },
    pace: pacer.memory,
    readThreads: 4,
    logger: recordingLogger(log),
    threadUrl: options.threadUrl ?? realThread(),
    onFatal: (failure) => fatal.push(failure),
  })
  const pool = lanes.open({ protocol: 'http:', connectMs: 5_000, maxSockets: 8 })
  cleanups.push(() => source.remove(), close)
  cleanups.push(async () => {
    pool.close()
    await lanes.close()
  })
  const send = (
    range: RangeToSend,
    options: Partial<SendRangeOptions> & { readonly headers?: Record<string, string> } = {},
  ) =>
    pool.send(
      {
        protocol: 'http:',
        hostname: '127.0.0.1',
        port,
        path: '/b/k',
        method: 'PUT',
        headers: { host: 'h', 'content-length': String(range.length), ...options.headers },
        timeouts,
      },
      range,
      { signal: unaborted(), onProgress: () => {}, ...options },
    )
  const sendFiles = (heads: readonly string[]) => {
    const fingerprint = fingerprintFrom(statSync(source.path, { bigint: true }))
    const files = heads.map((header) => ({
      head: `PUT /b/k HTTP/1.1\r\nhost: h\r\ncontent-length: ${fingerprint.size}\r\n${header}\r\n`,
      path: source.path,
      fingerprint,
      timeouts,
    }))
    const until = { hrMs: Number.MAX_SAFE_INTEGER, wallMs: Number.MAX_SAFE_INTEGER }
    return pool.sendFiles({ peer: { protocol: 'http:', hostname: '127.0.0.1', port }, files, until }, unaborted())
  }
  return { source, lanes, send, sendFiles, log, fatal }
}

describe('lanes', () => {
  it.each([0, 1, 100_000, 3 * MiB + 7])('send %i bytes and say their CRC-64', async (length) => {
    const server = await startHttpServer((_request, response) => response.end())
    const { source, send } = await setup({ size: 4 * MiB, server: Promise.resolve(server) })
    const sent = await send(source.range(5, length))
    expect(sent).toMatchObject({ status: 200, bytesSent: length, crc64: source.crc64(5, length) })
    expect(server.seen[0]?.body.equals(source.bytes.subarray(5, 5 + length))).toBe(true)
  })

  it('share what is given to them', async () => {
    const holding = startTcpServer((socket) => void socket.pause())
    const { source, send, lanes } = await setup({ size: 8 * MiB, count: 3, server: holding })
    const stop = new AbortController()
    const sends = Array.from({ length: 7 }, () => send(source.range(), { signal: stop.signal }).catch(() => {}))
    expect([...lanes.report().inFlight].sort()).toEqual([2, 2, 3])
    stop.abort()
    await Promise.all(sends)
    expect(lanes.report().inFlight).toEqual([0, 0, 0])
  })

  it('compute the CRC-64 of a range that is not sent', async () => {
    const { source, lanes } = await setup({ size: 3 * MiB })
    expect(await lanes.hash(source.range(17, 2 * MiB), unaborted())).toBe(source.crc64(17, 2 * MiB))
    const md5 = createHash('md5')
      .update(source.bytes.subarray(17, 17 + 2 * MiB))
      .digest('base64')
    expect(await lanes.md5(source.range(17, 2 * MiB), unaborted())).toBe(md5)
    await expect(lanes.hash(source.range(MiB, 3 * MiB), unaborted())).rejects.toMatchObject({ kind: 'changed' })
  })

  it('report progress while bytes move', async () => {
    const { source, send } = await setup({ size: 32 * MiB })
    const progress: number[] = []
    await send(source.range(), { onProgress: (bytes) => progress.push(bytes) })
    expect(progress.length).toBeGreaterThan(0)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })

  it('settle an aborted send with its reason, once nothing of it is in flight', async () => {
    const server = await startTcpServer((socket) => void socket.pause())
    const { source, send, lanes } = await setup({ size: 32 * MiB, server: Promise.resolve(server) })
    const stop = new AbortController()
    const attempt = send(source.range(), { signal: stop.signal })
    await until('it is connected', () => server.accepted() === 1)
    const reason = new Error('enough')
    stop.abort(reason)
    expect(lanes.report().inFlight).toContain(1)
    await expect(attempt).rejects.toBe(reason)
    expect(lanes.report().inFlight).toEqual([0, 0])
  })

  it.each([10, 2 * MiB])('ask before the last of %i bytes, and throw what the answer was', async (length) => {
    const server = await startHttpServer((_request, response) => response.end())
    const { source, send } = await setup({ size: 2 * MiB, server: Promise.resolve(server) })
    const refusal = new Error('changed meanwhile')
    await expect(send(source.range(0, length), { confirm: () => Promise.reject(refusal) })).rejects.toBe(refusal)
    expect(server.seen).toEqual([])
    await send(source.range(0, length), { confirm: async () => {} })
    expect(server.seen).toHaveLength(1)
  })

  it('bring failures of the network and of the source over as they are', async () => {
    const { source, send } = await setup({ size: 2 * MiB, server: startTcpServer((socket) => void socket.destroy()) })
    await expect(send(source.range())).rejects.toMatchObject({ name: 'ExchangeError', phase: 'sending' })
    truncateSync(source.path, MiB)
    await expect(send(source.range(0, 2 * MiB))).rejects.toSatisfy((error: Error) =>
      ['Failure', 'ExchangeError'].includes(error.name),
    )
    const directory = openSync('/', 'r')
    cleanups.push(() => closeSync(directory))
    await expect(send({ fd: directory, device: '1', inode: '1', offset: 0, length: 10 })).rejects.toMatchObject({
      kind: 'local',
      code: 'source_unreadable',
    })
  })
})

describe('a lane whose source hangs', () => {
  const hanging = async (count = 2) => {
    realThread()
    const directory = mkdtempSync(join(tmpdir(), 'longshore-lane-'))
    const flag = join(directory, 'hang')
    writeFileSync(flag, '')
    process.env['HANG_WHILE'] = flag
    const answer = (): void => rmSync(flag, { force: true })
    cleanups.push(() => rmSync(directory, { recursive: true }))
    const threadUrl = new URL('./hanging-lane.mjs', import.meta.url)
    const tools = await setup({ size: 3 * MiB, count, threadUrl })
    cleanups.push(answer)
    /** Begins to send the whole source, and ends it in mid-read. */
    const givenUp = async (): Promise<void> => {
      const stop = new AbortController()
      const attempt = tools.send(tools.source.range(), { signal: stop.signal })
      stop.abort(new Error('enough'))
      await expect(attempt).rejects.toThrow('enough')
    }
    return { ...tools, answer, givenUp }
  }

  it('lets go of what is aborted, and of the descriptor once the read is answered', async () => {
    const { source, lanes, send, answer, givenUp } = await hanging()
    expect(lanes.quiet(source.fd)).toBe(null)
    await givenUp()
    expect(lanes.report().inFlight).toEqual([0, 0])
    expect(lanes.stuckReads()).toBe(1)
    const quiet = lanes.quiet(source.fd)
    expect(quiet).not.toBe(null)
    answer()
    await quiet
    expect(lanes.stuckReads()).toBe(0)
    expect(await send(source.range())).toMatchObject({ status: 200, crc64: source.crc64() })
  })

  it('does not hold up the end of all lanes', async () => {
    const { lanes, givenUp } = await hanging()
    await givenUp()
    await lanes.close()
    expect(lanes.stuckReads()).toBe(1)
  })
})

describe('a lane that dies', () => {
  const mortal = async () => {
    realThread()
    const directory = mkdtempSync(join(tmpdir(), 'longshore-lane-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    const deathsIn = join(directory, 'deaths')
    const tools = await setup({ size: MiB, threadUrl: new URL('./mortal-lane.mjs', import.meta.url) })
    const dying = (deaths: number) => ({ headers: { 'x-deaths': String(deaths), 'x-deaths-in': deathsIn } })
    return { ...tools, dying, deaths: () => statSync(deathsIn).size }
  }

  it('is replaced, and what it had in flight is done again', async () => {
    const { source, send, lanes, dying, log, fatal } = await mortal()
    const [first, second] = await Promise.all([send(source.range(), dying(1)), send(source.range(5, 500))])
    expect(first).toMatchObject({ status: 200, crc64: source.crc64() })
    expect(second).toMatchObject({ status: 200, crc64: source.crc64(5, 500) })
    expect(lanes.report()).toEqual({ inFlight: [0, 0], replaced: 1 })
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(1)
    expect(fatal).toEqual([])
  })

  it('leaves small files to those who ask OSS, because nobody knows how far it came, and sends none of them again', async () => {
    realThread()
    const server = await startHttpServer((_request, response) => response.end())
    const { sendFiles, lanes } = await setup({
      size: 1000,
      count: 1,
      server: Promise.resolve(server),
      threadUrl: new URL('./mortal-lane.mjs', import.meta.url),
    })
    await expect(sendFiles(['', 'x-deadly: yes\r\n'])).rejects.toMatchObject({ kind: 'transient' })
    const requests = server.seen.length
    expect(await sendFiles(['', ''])).toMatchObject([{ is: 'answered' }, { is: 'answered' }])
    expect(server.seen).toHaveLength(requests + 2)
    expect(lanes.report()).toEqual({ inFlight: [0], replaced: 1 })
  })

  it('takes no more than two others with it', async () => {
    const { source, send, lanes, dying, deaths } = await mortal()
    await expect(send(source.range(), dying(99))).rejects.toMatchObject({ kind: 'transient' })
    expect(deaths()).toBe(3)
    expect(await send(source.range())).toMatchObject({ status: 200 })
    expect(lanes.report().replaced).toBe(3)
  })

  it('ends the daemon when it cannot even begin', async () => {
    const { fatal } = await setup({ size: 1, count: 1, threadUrl: new URL('./there-is-no-lane.mjs', import.meta.url) })
    await until('the lanes give up', () => fatal.length > 0)
    expect(fatal).toEqual([{ exitCode: 70, message: expect.stringContaining('cannot run') }])
  })
})
