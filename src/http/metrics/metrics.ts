import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Overview } from '../../engine/use-cases/overview.js'
import { type Meter, ossOperations } from '../../ports/meter.js'
import type { ReaderCount } from '../server/sse.js'
import { createProcessMetrics } from './process-metrics.js'
import { createStatsMetrics } from './stats-metrics.js'

/** An answer of the API, and how long it took. */
export interface AnsweredRequest {
  readonly method: string
  /** The route as it was declared, so that ids make no series of their own. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/** What Prometheus reads. */
export interface Metrics extends ReaderCount {
  readonly meter: Meter
  readonly contentType: string
  answered(request: AnsweredRequest): void
  /** Returns the text of one scrape. */
  scrape(overview: Overview): Promise<string>
  close(): void
}

/** The buckets reach far, because a request may carry a part of 5 GiB. */
const ossSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const apiSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30]

/** The codes come from a server. Whatever it says, they make no more series than so many. */
const mostCodes = 64
const isCode = (text: string): boolean => /^[A-Za-z_]\w{0,63}$/.test(text)

export const createMetrics = (build: { readonly version: string; readonly startedAt: number }): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'longshore_build_info',
    help: 'Always 1; the version of Longshore and of Node.js are its labels.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: build.version, node: process.version }, 1)
  const stats = createStatsMetrics(registry)
  const processMetrics = createProcessMetrics(registry, build.startedAt)

  const requestSeconds = new Histogram({
    name: 'longshore_oss_request_duration_seconds',
    help: 'How long calls to OSS took, by operation, whatever their end.',
    labelNames: ['operation'],
    buckets: ossSeconds,
    registers,
  })
  for (const operation of ossOperations) requestSeconds.zero({ operation })
  const requestErrors = new Counter({
    name: 'longshore_oss_request_errors_total',
    help: "Calls to OSS that failed, by operation and OSS's error code, or the kind of failure when there was none.",
    labelNames: ['operation', 'code'],
    registers,
  })
  const settled = new Counter({
    name: 'longshore_jobs_settled_total',
    help: 'Jobs that settled, by state, and by outcome (completed) or error code (failed).',
    labelNames: ['state', 'reason'],
    registers,
  })
  const apiRequests = new Histogram({
    name: 'longshore_http_request_duration_seconds',
    help: 'How long answers of the API took; those that wait or stream on purpose are left out.',
    labelNames: ['method', 'route', 'status'],
    buckets: apiSeconds,
    registers,
  })
  const readers = new Gauge({ name: 'longshore_event_readers', help: 'Open event streams.', registers })
  const readersCut = new Counter({
    name: 'longshore_event_readers_cut_total',
    help: 'Event streams that were ended because their reader stalled.',
    registers,
  })

  const codes = new Set<string>()
  const bounded = (code: string): string => {
    if (codes.size < mostCodes && isCode(code)) codes.add(code)
    return codes.has(code) ? code : 'other'
  }

  return {
    contentType: registry.contentType,
    meter: {
      requested(operation, seconds, error) {
        requestSeconds.observe({ operation }, seconds)
        if (error !== null) requestErrors.inc({ operation, code: bounded(error) })
      },
      settled({ state, outcome, error }) {
        settled.inc({ state, reason: (state === 'failed' ? error?.code : outcome) ?? 'none' })
      },
    },
    answered: ({ seconds, ...labels }) => apiRequests.observe(labels, seconds),
    readerCame: () => readers.inc(),
    readerWent(cut) {
      readers.dec()
      if (cut) readersCut.inc()
    },
    async scrape(overview) {
      await Promise.all([stats.read(overview), processMetrics.read()])
      return registry.metrics()
    },
    close: () => processMetrics.close(),
  }
}
