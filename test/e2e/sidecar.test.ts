import { afterEach, describe, expect, it } from 'vitest'
import { runMain } from './daemon-process.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

/** Starts a daemon with a file whose upload takes a while. A test adds a job that waits for next century. */
const setup = async () => {
  world = await createWorld({ bandwidth: 20_000_000 })
  const path = await world.makeSource('big.bin', 30 * mib)
  const daemon = await world.start()
  const submit = (key: string, more: object = {}) =>
    daemon.submit({ source: { path }, target: { bucket, key }, ...more })
  const cli = (...args: string[]) => runMain(args, { ...world.settings, LONGSHORE_URL: daemon.url })
  return { path, daemon, submit, cli }
}

describe('A sidecar', () => {
  it('is told when all that matches is done, and what is pending until then', async () => {
    const { daemon, submit, cli } = await setup()
    const { id } = await submit('a', { labels: { run: '1' } })
    await submit('later', { labels: { run: '2' }, notBefore: '2126-01-01T00:00:00Z' })
    const early = await daemon.request('GET', `/v1/wait?job=${id}&timeout=0`)
    expect([early.status, early.body]).toEqual([202, { pending: 1, completed: 0, failed: 0, cancelled: 0 }])
    const done = await daemon.request('GET', '/v1/wait?label=run=1&timeout=55s')
    expect([done.status, done.body]).toEqual([200, { pending: 0, completed: 1, failed: 0, cancelled: 0 }])
    expect((await daemon.get(id)).state).toBe('completed')
    expect((await daemon.request('GET', '/v1/wait?timeout=0')).body).toMatchObject({ pending: 1, completed: 0 })
    expect((await daemon.request('GET', '/v1/wait?timeout=0&since=1h')).body).toMatchObject({
      pending: 1,
      completed: 1,
    })
    expect((await daemon.request('GET', '/v1/wait?label=run=3')).status).toBe(200)
    expect((await daemon.request('GET', '/v1/wait?job=nobody')).body).toMatchObject({ code: 'job_not_found' })
    expect((await daemon.request('GET', '/v1/wait?batch=nobody')).body).toMatchObject({ code: 'batch_not_found' })

    expect(await cli('wait', id)).toMatchObject({ code: 0, stdout: '1 completed, 0 failed, 0 cancelled\n' })
    expect((await cli('wait', '--label', 'run=1', '--json')).code).toBe(0)
    expect((await cli('wait', '--timeout', '0')).code).toBe(124)
    const { id: doomed } = await submit('x', { target: { bucket: 'nowhere', key: 'x' } })
    expect(await cli('wait', doomed)).toMatchObject({ code: 1, stdout: expect.stringContaining('no_such_bucket') })
  })

  it('drains: nothing new is taken, everything is finished, and the daemon lives on', async () => {
    const { path, daemon, submit, cli } = await setup()
    const { id } = await submit('a')
    const job = { source: { path }, target: { bucket, key: 'b' } }
    const early = await daemon.request('POST', '/v1/drain', { timeoutSeconds: 0 })
    expect([early.status, early.body]).toEqual([202, { pending: 1, completed: 0, failed: 0, cancelled: 0 }])
    const refused = await daemon.request('POST', '/v1/jobs', job)
    expect([refused.status, refused.body]).toMatchObject([503, { code: 'draining' }])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await daemon.request('GET', '/readyz')).status).toBe(503)

    expect(await cli('drain', '--timeout', '5m')).toMatchObject({
      code: 0,
      stdout: '1 completed, 0 failed, 0 cancelled\n',
    })
    expect((await daemon.get(id)).state).toBe('completed')
    expect((await daemon.request('POST', '/v1/jobs', job)).status).toBe(503)
    expect((await cli('drain', '--undo')).code).toBe(0)
    expect((await daemon.request('GET', '/readyz')).status).toBe(200)
    expect((await daemon.request('POST', '/v1/jobs', job)).status).toBe(201)
  })

  it('forgets a drain with its process', async () => {
    const { daemon, submit } = await setup()
    await submit('a')
    await daemon.request('POST', '/v1/drain', { timeoutSeconds: 0 })
    daemon.kill('SIGKILL')
    await daemon.exited
    const next = await world.start()
    await until(async () => (await next.request('GET', '/readyz')).status === 200)
  })
})
