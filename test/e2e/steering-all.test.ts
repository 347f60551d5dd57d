import { afterEach, describe, expect, it } from 'vitest'
import { runMain } from './daemon-process.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

describe('The live settings of a daemon', () => {
  it('hold for what is in flight, survive kill -9, and go back with null', async () => {
    world = await createWorld()
    const path = await world.makeSource('big.bin', 8 * mib)
    const first = await world.start({ LONGSHORE_BANDWIDTH: '4MiB' })
    const { id } = await first.submit({ source: { path }, target: { bucket, key: 'a' }, partSize: 2 * mib })
    const changed = await first.request('PATCH', '/v1/settings', { bandwidth: '64KiB', concurrency: 3 })
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { bandwidth: '64KiB', concurrency: 3, bytesPerSecond: 65_536 },
    ])
    first.kill('SIGKILL')
    await first.exited

    const next = await world.start({ LONGSHORE_BANDWIDTH: '4MiB' })
    expect((await next.request('GET', '/v1/settings')).body).toMatchObject({
      bandwidth: '64KiB',
      concurrency: 3,
      origins: { bandwidth: 'stored', concurrency: 'stored' },
      environment: { bandwidth: '4MiB', concurrency: 16 },
    })
    await until(async () => (await next.get(id)).state === 'running')
    // 8 MiB at 64 KiB/s would take two minutes. The upload is done sooner, so null reached the parts in flight.
    const cli = await runMain(['settings', '--bandwidth', 'off'], { ...world.settings, LONGSHORE_URL: next.url })
    expect(cli.code).toBe(0)
    await until(async () => (await next.get(id)).state === 'completed')
    const back = await next.request('PATCH', '/v1/settings', { bandwidth: null, concurrency: null })
    expect(back.body).toMatchObject({ bandwidth: '4MiB', concurrency: 16, origins: { bandwidth: 'environment' } })
  }, 60_000)

  it('leave a job with a limit of its own behind one that has none, until it is taken away', async () => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', 4 * mib)
    const daemon = await world.start()
    const job = (key: string, more: object = {}) =>
      daemon.submit({ source: { path }, target: { bucket, key }, ...more })
    const slow = await job('slow', { bandwidth: '16KiB' })
    const fast = await job('fast')
    await until(async () => (await daemon.get(fast.id)).state === 'completed')
    const held = await daemon.get(slow.id)
    expect(held).toMatchObject({ state: 'running', bandwidth: 16_384 })
    const answer = await daemon.request('PATCH', `/v1/jobs/${slow.id}`, { bandwidth: null })
    expect([answer.status, answer.body]).toMatchObject([200, { bandwidth: null }])
    await until(async () => (await daemon.get(slow.id)).state === 'completed')
  }, 60_000)
})

describe('Everything', () => {
  it('is paused and resumed at once, durably', async () => {
    world = await createWorld({ bandwidth: 2 * mib })
    const path = await world.makeSource('a.bin', 300 * 1024)
    const first = await world.start({ LONGSHORE_CONCURRENCY: '2' })
    const ids: string[] = []
    for (let n = 0; n < 60; n++) {
      ids.push((await first.submit({ source: { path }, target: { bucket, key: `k${n}` } })).id)
    }
    const paused = await first.request('POST', '/v1/jobs/pause')
    expect(paused.status).toBe(202)
    first.kill('SIGKILL')
    await first.exited
    const next = await world.start({ LONGSHORE_CONCURRENCY: '2' })
    const count = async (states: string) => {
      const { body } = await next.request('GET', `/v1/jobs?state=${states}&limit=1000`)
      return (body as { items: unknown[] }).items.length
    }
    await until(async () => (await count('queued,running,completing')) === 0)
    expect(await count('paused')).toBeGreaterThan(20)

    const cli = await runMain(['resume', '--all', '--bucket', bucket], { ...world.settings, LONGSHORE_URL: next.url })
    expect(cli).toMatchObject({ code: 0, stdout: expect.stringMatching(/^resume: begun for \d+ jobs and 0 batches/) })
    await until(async () => (await count('completed')) === 60)
  }, 120_000)
})
