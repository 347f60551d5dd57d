import { Counter, Gauge, type Registry } from 'prom-client'
import { breakerStates } from '../../core/breaker.js'
import type { LiveStats, Overview, StoredStats } from '../../engine/use-cases/overview.js'

/** Creates the metrics of how the daemon is doing. They are read at each scrape. */
export const createStatsMetrics = (registry: Registry) => {
  const registers = [registry]
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `longshore_${name}`, help, registers })
  const labelled = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: `longshore_${name}`, help, labelNames, registers })
  const counter = (name: string, help: string): Counter => new Counter({ name: `longshore_${name}`, help, registers })

  const storeUp = gauge('store_up', 'Whether the database answered this scrape: 1 or 0.')
  const jobs = labelled('jobs', 'Stored jobs by state.', ['state'])
  const bytesPending = gauge('bytes_pending', 'Bytes of unsettled jobs that OSS does not hold yet.')
  const waiting = labelled('jobs_waiting', 'Jobs that wait for an instant, by reason.', ['reason'])
  const queueAge = gauge('queue_age_seconds', 'How long the oldest job that could be claimed has been ready.')
  const webhooks = labelled('webhooks', 'Messages of the webhook outbox by state.', ['state'])
  const webhookAge = gauge('webhook_age_seconds', 'How long the oldest pending webhook has been tried.')
  const databaseBytes = gauge('database_bytes', 'Size of the database file.')
  const walBytes = gauge('wal_bytes', 'Size of the write-ahead log of the database.')
  const tablesOfStore = [jobs, waiting, webhooks]
  const figuresOfStore = [bytesPending, queueAge, webhookAge, databaseBytes, walBytes]

  const runs = gauge('runs', 'Jobs that a run is working on.')
  const draining = gauge('draining', 'Whether new jobs are refused: 1 or 0.')
  const rate = gauge('upload_bytes_per_second', 'Bytes handed to the network each second, over the last five seconds.')
  const bytes = counter('uploaded_bytes_total', 'Bytes that OSS acknowledged.')
  const parts = counter('uploaded_parts_total', 'Parts that OSS acknowledged.')
  const objects = counter('put_objects_total', 'Objects that OSS acknowledged in one piece, by PutObject.')
  const slotsInUse = gauge('slots_in_use', 'Parts and puts in flight.')
  const slotsLimit = gauge('slots_limit', 'Parts and puts that may be in flight.')
  const pair = ['endpoint', 'bucket'] as const
  const pairInFlight = labelled('endpoint_requests_in_flight', 'Requests in flight to an endpoint and bucket.', pair)
  const pairLimit = labelled(
    'endpoint_slots_limit',
    'Parts and puts that may be in flight to an endpoint and bucket.',
    pair,
  )
  const pairBreaker = labelled(
    'endpoint_breaker',
    'Breaker of an endpoint and bucket: 1 at the state it is in, 0 at the others.',
    [...pair, 'state'],
  )
  const laneInFlight = labelled('lane_requests_in_flight', 'What a lane has in flight.', ['lane'])
  const lanesReplaced = counter('lanes_replaced_total', 'Lanes that died and were replaced.')
  const keysAvailable = gauge('credentials_available', 'Whether there are keys to sign with: 1 or 0.')
  const keysExpiry = gauge('credentials_expiry_seconds', 'Until the keys expire; +Inf when they name no expiry.')

  const setAll = (counts: Readonly<Record<string, number>>, set: (name: string, count: number) => void): void => {
    for (const [name, count] of Object.entries(counts)) set(name, count)
  }

  const setStored = (stats: StoredStats): void => {
    setAll(stats.jobs, (state, count) => jobs.set({ state }, count))
    bytesPending.set(stats.bytesPending)
    setAll(stats.waiting, (reason, count) => waiting.set({ reason }, count))
    queueAge.set(stats.queue.ageSeconds)
    const { pending, delivered, failed, ageSeconds } = stats.webhooks
    setAll({ pending, delivered, failed }, (state, count) => webhooks.set({ state }, count))
    webhookAge.set(ageSeconds)
    if (stats.storage === null) return
    databaseBytes.set(stats.storage.databaseBytes)
    walBytes.set(stats.storage.walBytes)
  }

  /** Sets a counter that is kept elsewhere. */
  const setCounter = (metric: Counter, value: number): void => {
    metric.reset()
    metric.inc(value)
  }

  const setLive = (stats: LiveStats): void => {
    runs.set(stats.runs)
    draining.set(Number(stats.draining))
    rate.set(stats.bytesPerSecond)
    setCounter(bytes, stats.uploaded.bytes)
    setCounter(parts, stats.uploaded.parts)
    setCounter(objects, stats.uploaded.objects)
    slotsInUse.set(stats.slots.inUse)
    slotsLimit.set(stats.slots.limit)
    for (const { endpoint, bucket, breaker, inFlight, limit } of stats.endpoints) {
      pairInFlight.set({ endpoint, bucket }, inFlight)
      pairLimit.set({ endpoint, bucket }, limit)
      for (const state of breakerStates) pairBreaker.set({ endpoint, bucket, state }, Number(state === breaker))
    }
    for (const [lane, inFlight] of stats.lanes.inFlight.entries()) laneInFlight.set({ lane }, inFlight)
    setCounter(lanesReplaced, stats.lanes.replaced)
    const { available, expiresAt } = stats.credentials
    keysAvailable.set(Number(available))
    const leftMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - Date.now()
    keysExpiry.set(leftMs / 1000)
  }

  return {
    /** Fills everything in. What the store knows is left out while it fails, because stale figures would be worse. */
    async read(overview: Overview): Promise<void> {
      setLive(overview.live())
      const stored = await overview.stored().catch(() => null)
      storeUp.set(Number(stored !== null))
      for (const metric of tablesOfStore) metric.reset()
      for (const metric of figuresOfStore) metric.remove()
      if (stored !== null) setStored(stored)
    },
  }
}
