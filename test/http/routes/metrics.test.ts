import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/app-error.js'
import type { EventFeed } from '../../../src/engine/feed/event-feed.js'
import { createMetrics } from '../../../src/http/metrics/metrics.js'
import { fakeOverview } from '../fake-overview.js'
import { createHarness, fixedTokens, tokenOf } from '../harness.js'

/** Returns the samples of one scrape, by name and labels. */
const samplesOf = (text: string): Record<string, number> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const end = line.lastIndexOf(' ')
        return [line.slice(0, end), Number(line.slice(end + 1).replace('Inf', 'Infinity'))]
      }),
  )

const setup = async (overrides: Parameters<typeof createHarness>[0] = {}) => {
  const metrics = createMetrics({ version: '1.2.3', startedAt: 5000 })
  const harness = await createHarness({ metrics, ...overrides })
  const scrape = async () => samplesOf((await harness.app.inject('/metrics')).body)
  return { ...harness, metrics, scrape }
}

describe('GET /metrics', () => {
  it('tells what the store and the process know', async () => {
    const { app, scrape } = await setup()
    expect((await app.inject('/metrics')).headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await scrape()).toMatchObject({
      [`longshore_build_info{version="1.2.3",node="${process.version}"}`]: 1,
      longshore_store_up: 1,
      'longshore_jobs{state="queued"}': 1,
      'longshore_jobs{state="completed"}': 0,
      longshore_bytes_pending: 10,
      'longshore_jobs_waiting{reason="backoff"}': 1,
      longshore_queue_age_seconds: 1.5,
      'longshore_webhooks{state="delivered"}': 2,
      longshore_webhook_age_seconds: 2,
      longshore_wal_bytes: 8192,
      longshore_uploaded_bytes_total: 300,
      longshore_uploaded_parts_total: 2,
      longshore_put_objects_total: 1,
      longshore_slots_in_use: 3,
      longshore_slots_limit: 16,
      'longshore_endpoint_breaker{endpoint="http://oss",bucket="media",state="halfOpen"}': 1,
      'longshore_endpoint_breaker{endpoint="http://oss",bucket="media",state="closed"}': 0,
      'longshore_lane_requests_in_flight{lane="1"}': 1,
      longshore_credentials_available: 1,
      longshore_credentials_expiry_seconds: Number.POSITIVE_INFINITY,
      longshore_process_start_time_seconds: 5,
    })
    // Counters that are kept elsewhere do not add up from scrape to scrape.
    expect((await scrape())['longshore_uploaded_bytes_total']).toBe(300)
  })

  it('leaves out what the store knows while it fails, and tells it again afterwards', async () => {
    let failing = true
    const stored = async () => {
      if (failing) throw new AppError('storage_unavailable', 'The database fails.')
      return fakeOverview.stored()
    }
    const { scrape } = await setup({ overview: { ...fakeOverview, stored } })
    const blind = await scrape()
    expect(blind).toMatchObject({ longshore_store_up: 0, longshore_slots_in_use: 3 })
    expect(Object.keys(blind).filter((name) => /^longshore_(jobs\{|bytes_pending|wal|queue)/.test(name))).toEqual([])
    failing = false
    expect(await scrape()).toMatchObject({ longshore_store_up: 1, longshore_bytes_pending: 10 })
  })

  it('counts calls to OSS, their ends and how jobs settle', async () => {
    const { metrics, scrape } = await setup()
    const { meter } = metrics
    meter.requested('UploadPart', 0.03, null)
    meter.requested('UploadPart', 0.3, 'SlowDown')
    meter.requested('PutObject', 0.3, 'transient')
    meter.settled({ state: 'completed', outcome: 'uploaded', error: null })
    meter.settled({ state: 'cancelled', outcome: null, error: null })
    const error = { code: 'integrity', message: '', ossCode: null, requestId: null } as const
    meter.settled({ state: 'failed', outcome: null, error })
    expect(await scrape()).toMatchObject({
      'longshore_oss_request_duration_seconds_bucket{le="0.05",operation="UploadPart"}': 1,
      'longshore_oss_request_duration_seconds_bucket{le="+Inf",operation="UploadPart"}': 2,
      'longshore_oss_request_duration_seconds_count{operation="HeadObject"}': 0,
      'longshore_oss_request_errors_total{operation="UploadPart",code="SlowDown"}': 1,
      'longshore_oss_request_errors_total{operation="PutObject",code="transient"}': 1,
      'longshore_jobs_settled_total{state="completed",reason="uploaded"}': 1,
      'longshore_jobs_settled_total{state="cancelled",reason="none"}': 1,
      'longshore_jobs_settled_total{state="failed",reason="integrity"}': 1,
    })
  })

  it('has a bounded number of series, whatever codes a server thinks up', async () => {
    const { metrics, scrape } = await setup()
    for (let n = 0; n < 500; n++) metrics.meter.requested('HeadObject', 0, `Code${n}`)
    metrics.meter.requested('HeadObject', 0, 'a\nb{} "')
    const codes = Object.entries(await scrape()).filter(([name]) => name.startsWith('longshore_oss_request_errors'))
    expect(codes).toHaveLength(65)
    expect(Object.fromEntries(codes)).toMatchObject({
      'longshore_oss_request_errors_total{operation="HeadObject",code="other"}': 437,
    })
  })

  it('times answers of the API by route, without ids, and leaves out requests that stay open on purpose', async () => {
    const { app, scrape } = await setup()
    for (const url of ['/v1/jobs/job-1', '/v1/jobs/other', '/v1/jobs/job-1?wait=1s', '/nowhere/x', '/nowhere/y']) {
      await app.inject(url)
    }
    const samples = await scrape()
    const counts = Object.entries(samples).filter(([name]) =>
      name.startsWith('longshore_http_request_duration_seconds_count'),
    )
    expect(Object.fromEntries(counts)).toEqual({
      'longshore_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:id",status="200"}': 1,
      'longshore_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:id",status="404"}': 1,
      'longshore_http_request_duration_seconds_count{method="GET",route="none",status="404"}': 2,
    })
  })

  it('counts the readers of event streams', async () => {
    const feed: EventFeed = {
      async listen(_after, _filter, take, signal) {
        await take([{ kind: 'reset', lastId: 'memory00-1' }])
        await once(signal, 'abort')
      },
      close: () => {},
    }
    const { app, scrape } = await setup({ feed })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const over = new AbortController()
    await fetch(`http://127.0.0.1:${port}/v1/events`, { signal: over.signal })
    expect(await scrape()).toMatchObject({ longshore_event_readers: 1 })
    over.abort()
    while ((await scrape())['longshore_event_readers'] !== 0) await delay(5)
    expect(await scrape()).toMatchObject({ longshore_event_readers_cut_total: 0 })
    app.server.closeAllConnections()
    await app.close()
  })

  it('asks for a token of scope read where tokens are needed', async () => {
    const { app } = await setup({ tokens: fixedTokens([tokenOf('read', 'secret')]) })
    expect((await app.inject('/metrics')).statusCode).toBe(401)
    const headers = { authorization: 'Bearer secret' }
    expect((await app.inject({ url: '/metrics', headers })).statusCode).toBe(200)
  })
})
