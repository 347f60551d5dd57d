import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { BatchAnswer } from '../../../src/core/batch-view.js'
import type { JobAnswer } from '../../../src/core/job-view.js'
import type { NodeView } from '../../../src/core/node.js'
import { bucket, createWorld, mib, sha256Of, until, type World } from '../world.js'

const program = [fileURLToPath(new URL('two-nodes-main.mjs', import.meta.url))]

let world: World
afterEach(() => world.end())

type Ask = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** Starts two nodes on one store. The first sees the sources below `a`, the second those below `b`. */
const setup = async (options: { bandwidth?: number; settings?: Record<string, string> } = {}) => {
  world = await createWorld(options)
  const [a, b] = [join(world.sources, 'a'), join(world.sources, 'b')]
  for (const directory of [a, b]) await mkdir(directory)
  const second = {
    LONGSHORE_NODE_ID: 'second',
    LONGSHORE_DATA_DIR: `${world.dataDir}-second`,
    LONGSHORE_SOURCE_ROOTS: b,
  }
  const settings = { ...options.settings, LONGSHORE_NODE_ID: 'first', LONGSHORE_SOURCE_ROOTS: a }
  const process = await world.start({ ...settings, SECOND: JSON.stringify(second) }, { program })
  const nodes = async (): Promise<readonly NodeView[]> =>
    (await process.request<{ items: NodeView[] }>('GET', '/v1/nodes')).body.items
  await until(async () => (await nodes()).length === 2)
  const asking =
    (address: string): Ask =>
    async <T>(method: string, path: string, body?: unknown) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' }
      const response = await fetch(address + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const answer: unknown = await response.json()
      if (!response.ok) throw new Error(`${method} ${path} answered ${JSON.stringify(answer)}`)
      return answer as T
    }
  const address = async (id: string): Promise<string> => (await nodes()).find((node) => node.id === id)?.address ?? ''
  const [first, other] = [asking(await address('first')), asking(await address('second'))]
  const submit = (ask: Ask, path: string, key: string, more: object = {}): Promise<JobAnswer> =>
    ask('POST', '/v1/jobs', { source: { path }, target: { bucket, key }, ...more })
  const settled = async (ask: Ask, id: string): Promise<JobAnswer> => {
    for (;;) {
      const job = await ask<JobAnswer>('GET', `/v1/jobs/${id}?wait=5s`)
      if (job.finishedAt !== null) return job
    }
  }
  return { a, b, nodes, first, other, submit, settled }
}

describe('two nodes on one store', () => {
  it('upload each what it sees, and answer for each other', async () => {
    const { first, other, submit, settled, nodes } = await setup()
    const made: { id: string; path: string; key: string; place: string }[] = []
    for (let i = 0; i < 6; i++) {
      for (const [ask, place] of [
        [first, 'first'],
        [other, 'second'],
      ] as const) {
        const name = `${place === 'first' ? 'a' : 'b'}/${i}.bin`
        const path = await world.makeSource(name, i % 2 === 0 ? 5_000 : 12 * mib)
        const job = await submit(ask, path, name)
        expect(job).toMatchObject({ place, node: null })
        made.push({ id: job.id, path, key: name, place })
      }
    }
    for (const { id, path, key, place } of made) {
      const done = await settled(place === 'first' ? other : first, id)
      expect(done).toMatchObject({ state: 'completed', runs: 1, attempts: 0, place })
      expect(await world.objectSha256(key)).toBe(await sha256Of(path))
    }
    expect(await nodes()).toMatchObject([
      { id: 'first', state: 'live', differences: [] },
      { id: 'second', state: 'live', differences: [] },
    ])
  })

  it('obey what was asked of the other, within a put too', async () => {
    const { first, other, submit } = await setup({ bandwidth: 5_000_000 })
    const path = await world.makeSource('b/big.bin', 120 * mib)
    // A put writes nothing before its end, so no answer of the store could tell the run.
    const { id } = await submit(other, path, 'big.bin', { multipartThreshold: 200 * mib })
    const look = (): Promise<JobAnswer> => first<JobAnswer>('GET', `/v1/jobs/${id}`)
    await until(async () => (await look()).upload.mode === 'put')
    expect(await look()).toMatchObject({ state: 'running', node: 'second' })
    await first('POST', `/v1/jobs/${id}/cancel`)
    await until(async () => (await look()).finishedAt !== null)
    expect(await look()).toMatchObject({ state: 'cancelled', node: null })
    expect(await world.objectSha256('big.bin')).toBeNull()
  })

  it('pause everything together, and go on together', async () => {
    const { first, other, submit, settled } = await setup({ bandwidth: 20_000_000 })
    const ids: string[] = []
    for (const [ask, directory] of [
      [first, 'a'],
      [other, 'b'],
    ] as const) {
      const path = await world.makeSource(`${directory}/big.bin`, 60 * mib)
      for (let i = 0; i < 2; i++) ids.push((await submit(ask, path, `${directory}-${i}.bin`)).id)
    }
    const states = async () =>
      Promise.all(ids.map(async (id) => (await other<JobAnswer>('GET', `/v1/jobs/${id}`)).state))
    await until(async () => (await states()).includes('running'))
    await first('POST', '/v1/jobs/pause')
    await until(async () => (await states()).every((state) => state === 'paused' || state === 'completed'))
    expect(await states()).toContain('paused')
    await other('POST', '/v1/jobs/resume')
    for (const id of ids) expect(await settled(first, id)).toMatchObject({ state: 'completed' })
  })

  it('drain each its own work', async () => {
    const { first, other, submit, settled } = await setup()
    const notBefore = new Date(Date.now() + 86_400_000).toISOString()
    const later = await submit(other, await world.makeSource('b/later.bin', 1_000), 'later.bin', { notBefore })
    const { id } = await submit(first, await world.makeSource('a/small.bin', 1_000), 'small.bin')
    // The job of the second would keep a drain of everything waiting until it gives up.
    expect(await first('POST', '/v1/drain', { timeoutSeconds: 50 })).toMatchObject({ pending: 0, completed: 1 })
    expect(await settled(other, id)).toMatchObject({ state: 'completed' })
    expect(await other<JobAnswer>('GET', `/v1/jobs/${later.id}`)).toMatchObject({ state: 'queued', place: 'second' })
    await until(async () => (await other<{ items: NodeView[] }>('GET', '/v1/nodes')).items[0]?.state === 'draining')
  })

  it('have the same settings', async () => {
    const { first, other } = await setup()
    const concurrency = async (ask: Ask) => (await ask<{ concurrency: number }>('GET', '/v1/settings')).concurrency
    await first('PATCH', '/v1/settings', { concurrency: 3 })
    await until(async () => (await concurrency(other)) === 3)
    await other('PATCH', '/v1/settings', { concurrency: null })
    await until(async () => (await concurrency(first)) !== 3)
  })

  it('tell each webhook once', async () => {
    const told: string[] = []
    const receiver = createServer((request, response) => {
      told.push(String(request.headers['webhook-id']))
      request.resume().on('end', () => response.writeHead(204).end())
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const { port } = receiver.address() as AddressInfo
    onTestFinished(() => void receiver.close())
    const { first, other, submit, settled } = await setup({
      settings: {
        LONGSHORE_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
        LONGSHORE_WEBHOOK_ALLOW: '127.0.0.1',
      },
    })
    const webhook = { url: `http://127.0.0.1:${port}/`, events: ['job.completed'] }
    const ids: string[] = []
    for (let i = 0; i < 8; i++) {
      const [ask, name] = i % 2 === 0 ? ([first, `a/${i}`] as const) : ([other, `b/${i}`] as const)
      ids.push((await submit(ask, await world.makeSource(name, 1_000), name, { webhook })).id)
    }
    for (const id of ids) await settled(first, id)
    await until(async () => {
      const { items } = await first<{ items: { state: string }[] }>('GET', '/v1/webhooks?state=pending')
      return items.length === 0 && told.length >= 8
    })
    expect(told).toHaveLength(8)
    expect(new Set(told).size).toBe(8)
  })

  it('walk a batch once, on the node that sees its directory', async () => {
    const { a, b, first, other } = await setup()
    const files = 1_500
    for (let i = 0; i < files; i++) await writeFile(join(b, `${i}.bin`), 'x')
    await world.makeSource('a/one.bin', 100)
    const begin = async (ask: Ask, dir: string, prefix: string): Promise<string> =>
      (await ask<BatchAnswer>('POST', '/v1/batches', { source: { dir }, target: { bucket, prefix } })).id
    const ids = [await begin(other, b, 'of-b/')]
    // The first looks for batches to walk because of its own, while the second walks.
    ids.push(await begin(first, a, 'of-a/'))
    const look = (id: string) => first<BatchAnswer>('GET', `/v1/batches/${id}`)
    await until(async () => (await Promise.all(ids.map(look))).every(({ finishedAt }) => finishedAt !== null))
    const whole = (jobs: number) => ({
      state: 'completed',
      totals: { jobs, completed: jobs },
      walk: { seen: jobs, problemCount: 0 },
    })
    expect(await Promise.all(ids.map(look))).toMatchObject([whole(files), whole(1)])
  })

  it('leave the source of a retry to the node that sees it', async () => {
    const { b, first, other, submit, settled } = await setup()
    const path = await world.makeSource('b/late.bin', 5_000)
    // A small file that is refused is tried once more by itself.
    world.control.addFaults([
      {
        operation: 'PutObject',
        bucket,
        key: 'late.bin',
        times: 2,
        fault: { kind: 'status', status: 403, code: 'AccessDenied' },
      },
    ])
    const { id } = await submit(other, path, 'late.bin')
    expect(await settled(first, id)).toMatchObject({ state: 'failed' })
    await rename(await world.makeSource('b/new.bin', 7_000), path)
    await first('POST', `/v1/jobs/${id}/retry`)
    expect(await settled(first, id)).toMatchObject({
      state: 'completed',
      source: { path: join(b, 'late.bin'), size: 7_000 },
    })
    expect(await world.objectSha256('late.bin')).toBe(await sha256Of(path))
  })
})
