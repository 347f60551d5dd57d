import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from './eventually.js'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli, startCli } from './run-cli.js'

const setup = async () => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  daemon.add(jobView('j1', { state: 'running' }))
  return { daemon, env: { LONGSHORE_URL: daemon.url } }
}

describe('drain', () => {
  it('waits until nothing is pending and exits as a wait does', async () => {
    const { daemon, env } = await setup()
    const draining = startCli(['drain'], env)
    await eventually(() => expect(daemon.received.length).toBeGreaterThan(1))
    daemon.move('j1', 'completed')
    expect(await draining.exited).toBe(0)
    expect(draining.text()).toBe('1 completed, 0 failed, 0 cancelled\n')
    expect(new Set(daemon.received.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(['POST /v1/drain']))
    daemon.move('j1', 'failed')
    expect((await cli(['drain', '--json'], env)).code).toBe(1)
  })

  it('exits 124 when the time is up, and says how to take the drain back', async () => {
    const { env } = await setup()
    const { code, errors } = await cli(['drain', '--timeout', '0'], env)
    expect(code).toBe(124)
    expect(errors).toContain('longshore drain --undo')
  })

  it('takes the drain back', async () => {
    const { daemon, env } = await setup()
    expect((await cli(['drain', '--undo'], env)).code).toBe(0)
    expect(daemon.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['DELETE /v1/drain'])
    expect((await cli(['drain', '--undo', '--timeout', '1s'], env)).code).toBe(64)
  })
})
