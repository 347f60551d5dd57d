import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StatsView } from '../../src/engine/use-cases/overview.js'
import { needs } from '../needs.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.end())

const figure = (text: string, sample: string): number => {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `))
  return line === undefined ? Number.NaN : Number(line.slice(sample.length + 1))
}

describe('A daemon at work', () => {
  it('tells what it did by /metrics and /v1/stats, and both agree', { timeout: 120_000 }, async () => {
    const tokens = { LONGSHORE_TOKEN: 'the-token-of-this-test' }
    const daemon = await world.start(tokens)
    const authorization = `Bearer ${tokens.LONGSHORE_TOKEN}`
    const scrape = async (): Promise<string> =>
      (await fetch(`${daemon.url}/metrics`, { headers: { authorization } })).text()
    expect((await fetch(`${daemon.url}/metrics`)).status).toBe(401)

    const fault = { kind: 'status', status: 503, code: 'SlowDown' } as const
    world.control.addFaults([{ operation: 'UploadPart', times: 2, fault }])
    const submit = async (name: string, size: number, key: string): Promise<void> => {
      const source = { path: await world.makeSource(name, size) }
      await daemon.request('POST', '/v1/jobs', { source, target: { bucket, key } }, { authorization })
    }
    await submit('big', 21 * mib, 'big')
    await submit('small', 5, 'small')
    await submit('lost', 5, 'lost')
    await daemon.request(
      'POST',
      '/v1/jobs',
      { source: { path: `${world.sources}/small` }, target: { bucket: 'nowhere', key: 'x' } },
      { authorization },
    )
    const stats = async () => (await daemon.request<StatsView>('GET', '/v1/stats', undefined, { authorization })).body
    await until(async () => {
      const { jobs } = await stats()
      return jobs.completed === 3 && jobs.failed === 1
    })

    const text = await scrape()
    const seen = await stats()
    expect(figure(text, 'longshore_jobs{state="completed"}')).toBe(3)
    expect(figure(text, 'longshore_jobs_settled_total{state="completed",reason="uploaded"}')).toBe(3)
    expect(figure(text, 'longshore_jobs_settled_total{state="failed",reason="no_such_bucket"}')).toBe(1)
    expect(figure(text, 'longshore_uploaded_bytes_total')).toBe(21 * mib + 10)
    expect(figure(text, 'longshore_uploaded_parts_total')).toBe(3)
    expect(figure(text, 'longshore_put_objects_total')).toBe(2)
    expect(figure(text, 'longshore_oss_request_errors_total{operation="UploadPart",code="SlowDown"}')).toBe(2)
    expect(figure(text, 'longshore_oss_request_errors_total{operation="PutObject",code="NoSuchBucket"}')).toBe(1)
    expect(figure(text, 'longshore_oss_request_duration_seconds_count{operation="UploadPart"}')).toBe(5)
    expect(figure(text, 'longshore_bytes_pending')).toBe(0)
    expect(figure(text, 'longshore_slots_limit')).toBe(16)
    expect(figure(text, 'longshore_wal_bytes')).toBeGreaterThan(0)
    expect(figure(text, 'longshore_process_resident_memory_bytes')).toBeGreaterThan(10 * mib)
    expect(figure(text, 'longshore_event_loop_delay_seconds{percentile="100"}')).toBeGreaterThanOrEqual(0)
    expect(figure(text, 'longshore_credentials_available')).toBe(1)

    expect(seen.uploaded).toMatchObject({ bytes: 21 * mib + 10, parts: 3, objects: 2 })
    expect(seen.endpoints.map(({ bucket: name, breaker }) => [name, breaker])).toEqual(
      expect.arrayContaining([[bucket, 'closed']]),
    )
    expect(seen.queue).toEqual({ oldestReadyAt: null, ageSeconds: 0 })
    daemon.kill('SIGTERM')
    await daemon.exited
  })

  it('gives metrics that Prometheus itself finds no fault with', async (context) => {
    needs(context, 'promtool')
    const daemon = await world.start()
    const source = { path: await world.makeSource('linted', 11 * mib) }
    const { id } = await daemon.submit({ source, target: { bucket, key: 'linted' } })
    await daemon.settled(id)
    const input = await (await fetch(`${daemon.url}/metrics`)).text()
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
