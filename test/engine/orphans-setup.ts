import type { Job } from '../../src/core/job.js'
import { createOrphans, type Orphans } from '../../src/engine/use-cases/orphans.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Lease } from '../../src/ports/lease.js'
import type { Logger } from '../../src/ports/logger.js'
import type { OrphanStore } from '../../src/ports/orphan-store.js'
import type { Store } from '../../src/ports/store.js'
import { granted, jobError, jobRequest, multipart, threeParts } from '../contract/store-setup.js'
import { createMemoryOss, type MemoryOss } from '../fakes/memory-oss.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'

export const noOptions = { headers: {}, marker: null, forbidOverwrite: false, sequential: false }
export const bucket = 'bucket-a'

export interface OrphansSetup {
  readonly store: Store
  readonly oss: MemoryOss
  readonly clock: Clock & { stop(): void }
  readonly logger: Logger
  readonly logs: string[]
  readonly targets: { for(): MemoryOss; close(): Promise<void> }
  orphans(allowed?: readonly { bucket: string; prefix: string }[], through?: OrphanStore): Orphans
  /** Begins an upload that no job of this daemon has. Returns its id. */
  foreign(key: string, inBucket?: string): Promise<string>
  /** Makes a job that is at work with an upload of its own. */
  running(key: string): Promise<{ readonly lease: Lease; readonly uploadId: string; readonly jobId: string }>
  failed(key: string): Promise<{ readonly job: Job; readonly uploadId: string }>
}

/**
 * Sets up the use cases around orphans over a real engine's fakes: a store and an OSS in memory, on a clock that jumps.
 */
export const setupOrphans = (): OrphansSetup => {
  const clock = createVirtualClock()
  const store = createMemoryStore({ clock, wakeup: { notify: () => {}, subscribe: () => () => {} } })
  const oss = createMemoryOss((range) => Buffer.alloc(range.length), clock.now)
  const targets = { for: () => oss, close: async () => {} }
  const logs: string[] = []
  const write = (fields: object, message: string): void => void logs.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  const signal = new AbortController().signal
  let jobs = 0

  const foreign = async (key: string, inBucket = bucket): Promise<string> =>
    (await oss.initiate({ bucket: inBucket, key }, noOptions, signal)).uploadId

  const running: OrphansSetup['running'] = async (key) => {
    const jobId = `job-${++jobs}`
    const target = { bucket, key, endpoint: 'https://oss.example', region: 'cn-hangzhou' }
    await store.submit(jobRequest(jobId, { target }), null)
    const { claims } = await store.claim({ node: 'n', limit: 1, leaseMs: 3_600_000 })
    const lease = claims[0]?.lease ?? { jobId, epoch: 0 }
    await store.beginUpload(lease, multipart, threeParts)
    const uploadId = await foreign(key)
    granted(await store.setUploadId(lease, uploadId))
    return { lease, uploadId, jobId }
  }

  return {
    store,
    oss,
    clock,
    logger,
    logs,
    targets,
    foreign,
    running,
    orphans: (allowedTargets = [], through = store) =>
      createOrphans({
        store: through,
        targets,
        clock,
        logger,
        endpoint: { endpoint: 'https://oss.example', region: 'cn-hangzhou' },
        allowedTargets,
      }),
    async failed(key) {
      const { lease, uploadId } = await running(key)
      return { uploadId, job: granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null })) }
    },
  }
}
