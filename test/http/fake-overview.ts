import type { Overview } from '../../src/engine/use-cases/overview.js'

/** This is a daemon with one of everything. */
export const fakeOverview: Overview = {
  live: () => ({
    runs: 1,
    draining: false,
    bytesPerSecond: 1000,
    uploaded: { since: '2026-01-01T00:00:00.000Z', bytes: 300, parts: 2, objects: 1 },
    slots: { inUse: 3, limit: 16 },
    endpoints: [{ endpoint: 'http://oss', bucket: 'media', breaker: 'halfOpen', inFlight: 1, limit: 4 }],
    lanes: { inFlight: [2, 1], replaced: 0 },
    credentials: { available: true, expiresAt: null },
  }),
  stored: async () => ({
    jobs: { queued: 1, running: 0, completing: 0, paused: 0, failed: 0, cancelling: 0, completed: 0, cancelled: 0 },
    bytesPending: 10,
    bytesDue: 7,
    waiting: { backoff: 1, endpoint: 0, credentials: 0, storage: 0, source: 0, notBefore: 0, node: 0 },
    queue: { oldestReadyAt: '2026-01-01T00:00:00.000Z', ageSeconds: 1.5 },
    webhooks: { pending: 1, delivered: 2, failed: 0, oldestPendingAt: '2026-01-01T00:00:00.000Z', ageSeconds: 2 },
    storage: { databaseBytes: 4096, walBytes: 8192 },
  }),
  history: (rangeMs) => ({
    stepSeconds: rangeMs / 360_000,
    items: [{ at: '2026-01-01T00:00:00.000Z', bytesPerSecond: 1000, filesPerSecond: 0.1, failed: 2 }],
  }),
}
