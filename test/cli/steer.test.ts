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

  it.each(['pause', 'resume', 'cancel', 'retry'])(
    '%s reaches everything that matches, and nothing without a word',
    async (verb) => {
      const { daemon, env } = await setup()
      const begun = { id: 'v-7', verb, jobs: 5, batches: 1 }
      daemon.hooks.refuse = ({ path }) => (path === `/v1/jobs/${verb}` ? { status: 202, body: begun } : null)
      const some = await cli([verb, '--label', 'run=1', '--state', 'failed', '--bucket', 'b', '--batch', 'b-1'], env)
      expect(some).toMatchObject({ code: 0, text: `${verb}: begun for 5 jobs and 1 batches (v-7)\n` })
      expect(await cli([verb, '--all', '--json'], env)).toMatchObject({ code: 0, text: `${JSON.stringify(begun)}\n` })
      expect(daemon.received.map(({ query }) => query.toString())).toEqual([
        'state=failed&bucket=b&label=run%3D1&batch=b-1',
        '',
      ])
      daemon.received.length = 0
      for (const args of [[], ['j1', '--all'], ['j1', '--label', 'a']]) {
        expect((await cli([verb, ...args], env)).code).toBe(64)
      }
      expect(daemon.received).toEqual([])
    },
  )

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
