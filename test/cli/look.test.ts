import { describe, expect, it, onTestFinished } from 'vitest'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli, startCli } from './run-cli.js'

const setup = async () => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  return { daemon, env: { LONGSHORE_URL: daemon.url } }
}

describe('ls', () => {
  it('asks for exactly what was wanted', async () => {
    const { daemon, env } = await setup()
    await cli(
      ['ls', '--state', 'failed,paused', '--state', 'queued', '--bucket', 'b', '--label', 'k=v', '--label', 'x'],
      env,
    )
    const query = daemon.received.at(-1)?.query
    expect(Object.fromEntries(query ?? [])).toMatchObject({ state: 'failed,paused,queued', bucket: 'b', limit: '100' })
    expect(query?.getAll('label')).toEqual(['k=v', 'x'])
  })

  it('goes on through short pages until it has what was asked for', async () => {
    const { daemon, env } = await setup()
    for (let n = 1; n <= 7; n++) daemon.add(jobView(`j${n}`))
    daemon.hooks.pageSize = 2
    const five = await cli(['ls', '--limit', '5', '--json'], env)
    expect(JSON.parse(five.text)).toMatchObject({ nextCursor: '5' })
    expect(JSON.parse(five.text).items.map(({ id }: { id: string }) => id)).toEqual(['j7', 'j6', 'j5', 'j4', 'j3'])
    const all = await cli(['ls', '--all'], env)
    expect(all.text.trim().split('\n')).toHaveLength(8)
    expect(all.errors).toBe('')
  })

  it('says that there is more', async () => {
    const { daemon, env } = await setup()
    daemon.add(jobView('j1'))
    daemon.add(jobView('j2'))
    const { text, errors } = await cli(['ls', '--limit', '1'], env)
    expect(text).toMatch(/^ID .*\nj2 +queued +1000 B +0% {2}oss:\/\/b\/j2\n$/)
    expect(errors).toContain('there may be more')
  })

  it('keeps to the width of a terminal, and shows the end of a long key', async () => {
    const { daemon, env } = await setup()
    daemon.add(jobView('j1', { target: { bucket: 'bucket', key: `${'deep/'.repeat(30)}img-7.jpg` } }))
    const run = startCli(['ls'], env, true)
    expect(await run.exited).toBe(0)
    const [, line = ''] = run.text().split('\n')
    expect(line).toMatch(/…\S*\/img-7\.jpg$/)
    expect(line.length).toBeLessThan(80)
  })

  it('says that there is nothing', async () => {
    const { env } = await setup()
    expect(await cli(['ls'], env)).toEqual({ code: 0, text: '', errors: 'no jobs\n' })
  })

  it('prints no name raw that a terminal could act on', async () => {
    const { daemon, env } = await setup()
    daemon.add(jobView('j1', { target: { bucket: 'b', key: 'a\x1b]0;owned\x07\u202eb' } }))
    expect((await cli(['ls'], env)).text).toContain('oss://b/a\\x1b]0;owned\\x07\\u202eb')
    const json = await cli(['ls', '--json'], env)
    expect(json.text.trimEnd()).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

describe('show', () => {
  it('wraps a long error between words on a terminal', async () => {
    const { daemon, env } = await setup()
    const message =
      'OSS answered that there is no such bucket, which somebody may have deleted, or never made. '.repeat(3)
    const error = { code: 'no_such_bucket', message, ossCode: null, requestId: null } as const
    daemon.add(jobView('j1', { state: 'failed', error }))
    const run = startCli(['show', 'j1'], env, true)
    expect(await run.exited).toBe(0)
    const lines = run.text().split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80)
    expect(run.text().replace(/\s+/g, ' ')).toContain(message.trim())
    expect((await cli(['show', 'j1'], env)).text).toContain(message)
  })

  it('tells everything about a failed job', async () => {
    const { daemon, env } = await setup()
    daemon.add(
      jobView('j1', {
        labels: { run: '42' },
        upload: { mode: 'multipart', uploadId: 'U1', partSize: 8 * 1024 ** 2, partCount: 13 },
      }),
    )
    daemon.move('j1', 'failed')
    const { code, text } = await cli(['show', 'j1'], env)
    expect(code).toBe(0)
    expect(text).toMatch(/state +failed/)
    expect(text).toMatch(/upload +multipart, 13 parts of 8.0 MiB, upload U1/)
    expect(text).toMatch(/error +access_denied: no right \(OSS AccessDenied, request R1\)/)
    expect(text).toMatch(/labels +run=42/)
    expect(text).not.toContain('receipt')
  })

  it('shows the receipt of a completed job with both CRCs', async () => {
    const { daemon, env } = await setup()
    daemon.add(jobView('j1'))
    daemon.move('j1', 'completed')
    const { text } = await cli(['show', 'j1'], env)
    for (const line of [
      /receipt of oss:\/\/b\/j1/,
      /size +1000 bytes/,
      /crc64 +11051210869376104954 \(source\)/,
      /server crc64 +11051210869376104954 \(OSS\)/,
      /proof +object/,
      /etag +ETAG/,
      /request id +REQUEST/,
    ]) {
      expect(text).toMatch(line)
    }
  })

  it('gives the job as JSON', async () => {
    const { daemon, env } = await setup()
    daemon.add(jobView('j1'))
    expect(JSON.parse((await cli(['show', 'j1', '--json'], env)).text)).toEqual(jobView('j1'))
  })

  it('fails for a job that is not there', async () => {
    const { env } = await setup()
    const { code, errors } = await cli(['show', 'no/such'], env)
    expect(code).toBe(1)
    expect(errors).toContain('There is no job no/such. (job_not_found)')
  })
})
