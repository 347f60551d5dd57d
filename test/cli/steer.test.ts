import { describe, expect, it, onTestFinished } from 'vitest'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli } from './run-cli.js'

const setup = async () => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  daemon.add(jobView('j1', { state: 'running' }))
  daemon.add(jobView('j2', { state: 'running' }))
  return { daemon, env: { LONGSHORE_URL: daemon.url } }
}

describe('pause, resume, cancel, retry and rm', () => {
  it.each([
    ['pause', 'paused'],
    ['resume', 'queued'],
    ['cancel', 'cancelled'],
    ['retry', 'queued'],
  ])('%s moves every named job', async (verb, state) => {
    const { daemon, env } = await setup()
    const { code, text } = await cli([verb, 'j1', 'j2'], env)
    expect({ code, text }).toEqual({ code: 0, text: `j1  ${state}\nj2  ${state}\n` })
    expect(daemon.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /v1/jobs/j1/${verb}`,
      `POST /v1/jobs/j2/${verb}`,
    ])
  })

  it('goes on behind a refusal, and tells', async () => {
    const { env } = await setup()
    const { code, text, errors } = await cli(['pause', 'nope', 'j2', '--json'], env)
    expect(code).toBe(1)
    expect(JSON.parse(text)).toMatchObject({ id: 'j2', state: 'paused' })
    expect(errors).toBe('nope: There is no job nope. (job_not_found)\n')
  })

  it('sets what is given, and nothing else', async () => {
    const { daemon, env } = await setup()
    expect((await cli(['set', 'j1', '--priority', '-3', '--label', 'a=b=c'], env)).text).toBe('j1  running\n')
    expect(daemon.received.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PATCH', '/v1/jobs/j1', { priority: -3, labels: { a: 'b=c' } }],
    ])
    daemon.received.length = 0
    await cli(['set', 'j1', '--not-after', '2026-01-02T03:04:05+08:00'], env)
    await cli(['set', 'j1', '--not-after', 'off'], env)
    expect(daemon.received.map(({ body }) => body)).toEqual([
      { notAfter: '2026-01-01T19:04:05.000Z' },
      { notAfter: null },
    ])
    expect((await cli(['set', 'j1', '--not-after', 'soon'], env)).code).toBe(64)
    expect((await cli(['set', 'j1'], env)).code).toBe(64)
  })

  it('removes jobs', async () => {
    const { daemon, env } = await setup()
    expect(await cli(['rm', 'j1'], env)).toMatchObject({ code: 0, text: 'j1  removed\n' })
    expect([...daemon.jobs.keys()]).toEqual(['j2'])
  })

  it('forgets batches by their own route', async () => {
    const { daemon, env } = await setup()
    expect((await cli(['rm', 'b-1', 'j1'], env)).text).toContain('j1  removed\n')
    expect(daemon.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'DELETE /v1/batches/b-1',
      'DELETE /v1/jobs/j1',
    ])
  })
})
