import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from './eventually.js'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli, startCli } from './run-cli.js'

const setup = async () => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  for (const id of ['j1', 'j2', 'j3']) daemon.add(jobView(id, { state: 'running', labels: { run: '42' } }))
  const asked = (path: string) =>
    eventually(() => expect(daemon.received.map((request) => request.path)).toContain(path))
  return { daemon, env: { LONGSHORE_URL: daemon.url }, asked }
}

describe('wait', () => {
  it('exits 0 when all named jobs are completed, and not before', async () => {
    const { daemon, env, asked } = await setup()
    const waiting = startCli(['wait', 'j1', 'j2'], env)
    daemon.move('j1', 'completed')
    await asked('/v1/wait')
    daemon.move('j2', 'completed')
    expect(await waiting.exited).toBe(0)
    expect(waiting.text()).toBe('2 completed, 0 failed, 0 cancelled\n')
  })

  it.each(['failed', 'cancelled'] as const)('exits 1 when one was %s', async (state) => {
    const { daemon, env } = await setup()
    daemon.move('j1', 'completed')
    daemon.move('j2', state)
    const { code, text } = await cli(['wait', 'j1', 'j2'], env)
    expect(code).toBe(1)
    expect(text).toContain(`${state.padEnd(9)}  /srv/in/j2`)
  })

  it('exits 124 when the time is up, with what is pending', async () => {
    const { daemon, env } = await setup()
    daemon.move('j1', 'completed')
    const { code, text } = await cli(['wait', 'j1', 'j2', '--timeout', '0.1', '--json'], env)
    expect(code).toBe(124)
    expect(JSON.parse(text)).toEqual({ pending: 1, completed: 1, failed: 0, cancelled: 0 })
  })

  it('waits for all jobs with a label, those that come meanwhile too', async () => {
    const { daemon, env, asked } = await setup()
    daemon.add(jobView('other', { state: 'running' }))
    const waiting = startCli(['wait', '--label', 'run=42'], env)
    await asked('/v1/wait')
    daemon.add(jobView('j4', { state: 'running', labels: { run: '42' } }))
    for (const id of ['j1', 'j2', 'j3']) daemon.move(id, 'completed')
    daemon.move('j4', 'completed')
    expect(await waiting.exited).toBe(0)
    expect(waiting.text()).toContain('4 completed')
  })

  it('waits for everything when nothing is named, and loses nothing that settled before it asked again', async () => {
    const { daemon, env, asked } = await setup()
    daemon.move('j1', 'failed')
    daemon.move('j2', 'completed')
    const waiting = startCli(['wait'], env)
    await asked('/v1/wait')
    daemon.move('j3', 'completed')
    expect(await waiting.exited).toBe(1)
    expect(waiting.text()).toContain('2 completed, 1 failed, 0 cancelled')
    const windows = daemon.received.map(({ query }) => query.get('since'))
    expect(windows[0]).toBeNull()
    for (const window of windows.slice(1)) expect(window).toMatch(/^\d+ms$/)
  })

  it('asks for a batch and an instant as they were given', async () => {
    const { daemon, env } = await setup()
    await cli(['wait', '--batch', 'b1', '--since', '2026-01-01T02:00:00+02:00', '--timeout', '0'], env)
    const asked = daemon.received.at(-1)?.query
    expect([asked?.get('batch'), asked?.get('since')]).toEqual(['b1', '2026-01-01T00:00:00.000Z'])
    await cli(['wait', '--batch', 'b1', '--since', '1h', '--timeout', '0'], env)
    expect(daemon.received.at(-1)?.query.get('since')).toMatch(/^36000\d\dms$/)
    expect((await cli(['wait', '--since', 'yesterday'], env)).code).toBe(64)
  })

  it('exits 0 at once when nothing matches', async () => {
    const { env } = await setup()
    expect(await cli(['wait', '--label', 'run=43'], env)).toMatchObject({ code: 0 })
  })

  it('outlives a restart of the daemon', async () => {
    const { daemon, env, asked } = await setup()
    const waiting = startCli(['wait', 'j1', 'j2'], env)
    daemon.move('j2', 'completed')
    await asked('/v1/wait')
    await daemon.stop()
    await waiting.sees('the daemon is not answering')
    daemon.jobs.set('j1', { ...jobView('j1'), state: 'completed' })
    await daemon.start()
    expect(await waiting.exited).toBe(0)
  })

  it('does not wait for a daemon that was never there', async () => {
    const { daemon, env } = await setup()
    await daemon.stop()
    expect((await cli(['wait', 'j1'], env)).code).toBe(69)
    await daemon.start()
  })

  it('refuses jobs and labels together, and times it cannot read', async () => {
    const { env } = await setup()
    expect((await cli(['wait', 'j1', '--label', 'a=b'], env)).code).toBe(64)
    expect((await cli(['wait', 'j1', '--timeout', 'soon'], env)).code).toBe(64)
  })
})
