import { afterEach, describe, expect, it } from 'vitest'
import { main } from './daemon-process.js'
import { bucket, createWorld, mib, sha256Of, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const setup = async () => {
  world = await createWorld({ bandwidth: 20_000_000 })
  const path = await world.makeSource('big.bin', 60 * mib)
  const daemon = await world.start()
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'big.bin' } })
  await until(async () => (await daemon.get(id)).progress.partsUploaded >= 1)
  return { path, daemon, id }
}

it('a start that fails half-way ends the process, and the next start is free to go on', async () => {
  world = await createWorld()
  const planted = `import http from 'node:http'
    import { syncBuiltinESMExports } from 'node:module'
    http.createServer = () => { throw new Error('planted') }
    syncBuiltinESMExports()`
  const program = ['--import', `data:text/javascript,${encodeURIComponent(planted)}`, main, 'serve']
  await expect(world.start({}, { program })).rejects.toThrow(/exited with 1|ended before it listened/)
  const daemon = await world.start()
  expect((await daemon.request('GET', '/readyz')).status).toBe(200)
})

describe('SIGTERM', () => {
  it('lets parts in flight finish, exits 0, and the next start sends only the rest', async () => {
    const { path, daemon, id } = await setup()
    daemon.kill('SIGTERM')
    const { code, signal } = await daemon.exited
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    const cut = world.control.ledger().entries.filter(({ operation, stored }) => operation === 'UploadPart' && !stored)
    expect(cut).toEqual([])

    const next = await world.start()
    const job = await next.settled(id)
    expect(job).toMatchObject({ state: 'completed', attempts: 0, runs: 2 })
    const parts = world.control.ledger().entries.filter(({ operation }) => operation === 'UploadPart')
    expect(parts).toHaveLength(6)
    expect(await world.objectSha256('big.bin')).toBe(await sha256Of(path))
  })

  it('ends event streams and answers waiters', async () => {
    const { daemon, id } = await setup()
    const stream = await fetch(`${daemon.url}/v1/events`)
    const reader = stream.body?.getReader()
    const waiting = daemon.request(`GET`, `/v1/jobs/${id}?wait=55s`)
    daemon.kill('SIGTERM')
    while (!(await reader?.read())?.done);
    expect((await waiting).status).toBe(200)
    expect((await daemon.exited).code).toBe(0)
  })

  it('exits 0 although the drain timeout is longer than a timer can wait', async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_DRAIN_TIMEOUT: '30d' })
    daemon.kill('SIGTERM')
    const { code, signal } = await daemon.exited
    expect({ code, signal }).toEqual({ code: 0, signal: null })
  })

  it('cuts parts off when the drain timeout is over', async () => {
    world = await createWorld({ bandwidth: 1_000_000 })
    const path = await world.makeSource('slow.bin', 30 * mib)
    const daemon = await world.start({ LONGSHORE_DRAIN_TIMEOUT: '1s' })
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'slow.bin' } })
    await until(async () => (await daemon.get(id)).progress.bytesInFlight > 0)
    daemon.kill('SIGTERM')
    expect((await daemon.exited).code).toBe(0)
    const next = await world.start()
    expect((await next.get(id)).attempts).toBe(0)
  })

  it('given twice ends the process at once', async () => {
    const { daemon } = await setup()
    daemon.kill('SIGTERM')
    await until(async () => (await daemon.request('GET', '/readyz').catch(() => ({ status: 503 }))).status === 503)
    daemon.kill('SIGTERM')
    const { code } = await daemon.exited
    expect(code).not.toBe(0)
    const next = await world.start()
    expect((await next.request('GET', '/readyz')).status).toBe(200)
  })
})
