import type { Config } from '../config/config.js'
import type { EngineSettings } from '../engine/compose.js'
import { version } from './identity.js'

const leaseMs = 30_000

/** Returns what the engine needs to know of the settings. It holds no key, token or secret. */
export const engineSettings = (config: Config): EngineSettings => ({
  node: config.nodeId,
  version,
  roots: config.sourceRoots,
  sharedRoots: [],
  leaseMs,
  maxAttempts: config.maxAttempts,
  live: { concurrency: config.concurrency, bandwidth: config.bandwidth },
  defaults: {
    endpoint: config.oss.endpoint.origin,
    region: config.oss.region,
    partSize: config.partSize,
    multipartThreshold: config.multipartThreshold,
    parallel: config.parallel,
    allowedTargets: config.allowedTargets,
    marker: config.marker,
    maxQueued: config.maxQueued,
  },
  keepFinishedMs: config.keepFinishedMs,
  abandonedAfterMs: config.abandonedAfterMs,
})
