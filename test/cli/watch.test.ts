import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from './eventually.js'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli, startCli } from './run-cli.js'

const setup = async () => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  daemon.add(jobView('j1', { state: 'running' }))
  const listening = () => eventually(() => expect(daemon.listeners()).toBe(1))
  /** Waits until the command hears the events of j1, and has made sure after that that j1 is still running. */
  const following = () =>
    eventually(() => expect(daemon.received.filter(({ path }) => path === '/v1/jobs/j1')).toHaveLength(2))
  return { daemon, env: { LONGSHORE_URL: daemon.url }, listening, following }
}

const part = {
  partNumber: 3,
  offset: 0,
  size: 1024,
  state: 'uploaded',
  etag: 'E\x1b',
  crc64: '1',
  attempts: 1,
  uploadedAt: null,
}

describe('watch', () => {
  it('shows the life of one job, and ends with it', async () => {
    const { daemon, env, following } = await setup()
    const watching = startCli(['watch', 'j1'], env)
    await following()
    daemon.emit('part.uploaded', 'j1', { part })
    daemon.progress('j1', { bytesUploaded: 500, bytesPerSecond: 250, etaSeconds: 2 })
    daemon.move('j1', 'completed')
    expect(await watching.exited).toBe(0)
    const [now, uploaded, moved, done] = watching.text().split('\n')
    expect(now).toMatch(/^\d\d:\d\d:\d\dZ {2}j1 {2}running {2}oss:\/\/b\/j1: 0 B of 1000 B$/)
    expect(uploaded).toBe('03:04:06Z  j1  part 3 uploaded, 1.0 KiB, etag E\\x1b')
    expect(moved).toMatch(/500 B of 1000 B, 250 B\/s, ETA 2.0 s$/)
    expect(done).toBe('03:04:06Z  j1  completed  oss://b/j1')
  })

  it('exits 1 when the job fails, and says why', async () => {
    const { daemon, env, following } = await setup()
    const watching = startCli(['watch', 'j1'], env)
    await following()
    daemon.move('j1', 'failed')
    expect(await watching.exited).toBe(1)
    expect(watching.text()).toContain('failed  oss://b/j1: access_denied: no right')
  })

  it('ends at once for a job that is settled', async () => {
    const { daemon, env } = await setup()
    daemon.move('j1', 'completed')
    expect(await cli(['watch', 'j1'], env)).toMatchObject({ code: 0 })
  })

  it('misses nothing across a restart of the daemon', async () => {
    const { daemon, env, listening, following } = await setup()
    const watching = startCli(['watch', 'j1', '--json'], env)
    await following()
    daemon.emit('job.updated', 'j1', { job: daemon.jobs.get('j1') })
    await watching.sees('job.updated')
    await daemon.stop()
    daemon.emit('part.uploaded', 'j1', { part })
    await watching.sees('the daemon is not answering')
    await daemon.start()
    await listening()
    daemon.move('j1', 'completed')
    expect(await watching.exited).toBe(0)
    const types = watching
      .text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type)
    expect(types).toEqual(['job.updated', 'part.uploaded', 'job.completed'])
  })

  it('gives progress as JSON with its type', async () => {
    const { daemon, env, following } = await setup()
    const watching = startCli(['watch', 'j1', '--json'], env)
    await following()
    daemon.progress('j1', { bytesUploaded: 500 })
    daemon.move('j1', 'completed')
    await watching.exited
    const [first] = watching.text().split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({
      type: 'job.progress',
      jobId: 'j1',
      progress: { bytesUploaded: 500 },
    })
  })

  it('follows all jobs, and says so when events were pruned meanwhile', async () => {
    const { daemon, env, listening } = await setup()
    const watching = startCli(['watch'], env)
    await listening()
    expect(watching.text()).toContain('j1  running')
    daemon.change('j2', jobView('j2'))
    await watching.sees('j2  queued')
    await daemon.stop()
    daemon.forgetEvents()
    await daemon.start()
    await watching.sees('no longer kept')
    watching.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(await watching.exited).toBe(141)
  })
})
