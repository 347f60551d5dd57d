import { describe, expect, it } from 'vitest'
import { createOperations } from '../../../src/adapters/sqlite/operations/operations.js'
import type { Operations } from '../../../src/adapters/sqlite/thread/protocol.js'
import type { NewBatch } from '../../../src/core/batch.js'
import { walkChore } from '../../../src/core/chore.js'
import type { Walk } from '../../../src/ports/batch-store.js'
import type { Lease } from '../../../src/ports/lease.js'
import { type StoreOperation, storeOperations } from '../../../src/ports/store-operations.js'
import {
  fingerprint,
  jobError,
  jobRequest,
  leaseMs,
  multipart,
  node,
  receipt,
  sent,
  threeParts,
} from '../../contract/store-setup.js'
import { openTestDatabase } from './sqlite-setup.js'

const page = { limit: 10, cursor: null }
const long = { ...multipart, uploadId: null }
const failure = { to: 'failed', error: jobError, receipt: null } as const

const batch = (id: string): NewBatch => ({
  id,
  source: { kind: 'files' },
  place: null,
  target: { bucket: 'bucket-a', prefix: `${id}/`, endpoint: 'https://oss.example', region: 'cn-hangzhou' },
  template: { options: jobRequest('any').options, priority: 0, labels: {}, dueAt: null },
  dryRun: false,
  by: null,
})

const nodeReport = {
  version: '1.0.0',
  address: null,
  startedAt: 1,
  isDraining: false,
  runs: 0,
  slots: 1,
  lanes: 1,
  bytesPerSecond: 0,
  roots: [],
  sharedRoots: [],
}

/** Sets up a database in which each operation of the port finds something to do. */
const setup = () => {
  const { writer } = openTestDatabase()
  const operations = createOperations(writer)
  const { database } = writer

  const lease = (id: string, changes = {}): Lease => {
    operations.submit(1, jobRequest(id, changes), null)
    const claim = operations.claim(1, { node, limit: 10, leaseMs }).claims.find(({ job }) => job.id === id)
    if (claim === undefined) throw new Error(`${id} was not claimed`)
    return claim.lease
  }
  /** Makes a job whose upload is in OSS. */
  const uploading = (id: string, changes = {}): Lease => {
    const held = lease(id, changes)
    operations.beginUpload(1, held, long, threeParts)
    operations.setUploadId(1, held, `U-${id}`)
    return held
  }
  const failed = (id: string, changes = {}): string => {
    operations.finish(1, uploading(id, changes), failure)
    return id
  }
  /** Takes the chore of a batch's walk from whoever has it. */
  const walk = (batchId: string): Walk => {
    const name = walkChore(batchId)
    database.prepare('DELETE FROM chores WHERE name = ?').run(name)
    const taken = operations.takeChore(1, { name, node, leaseMs })
    return { batchId, epoch: taken.kind === 'taken' ? taken.chore.epoch : 0 }
  }
  /** Makes a batch with nothing to do that has settled. */
  const over = (id: string): string => {
    operations.submitBatch(1, batch(id), [], null)
    operations.endWalk(1, walk(id))
    return id
  }

  const { target } = jobRequest('left')
  failed('left')
  const heir = lease('heir', { target })
  failed('given-up')
  operations.abandonUploads(1, { jobId: 'given-up', uploadId: 'U-given-up' })
  operations.submitBatch(1, batch('b'), [{ path: '/srv/in/a', key: 'b/a' }], null)
  const request = { verb: 'pause', filter: { bucket: 'none' }, by: null, jobs: 0, batches: 0 } as const
  const { id: verb } = operations.beginVerb(1, request)
  operations.storeSettings(1, { parallel: '3' }, null)

  const calls: { readonly [Name in StoreOperation]: () => Parameters<Operations[Name]> } = {
    submit: () => [1, jobRequest('new'), null],
    findByIdempotencyKey: () => [1, 'key'],
    claim: () => {
      operations.submit(1, jobRequest('to-be-claimed'), null)
      return [1, { node, limit: 1, leaseMs }]
    },
    heartbeat: () => [1, [heir], leaseMs],
    release: () => [1, lease('released'), { to: 'queued', waiting: null, delayMs: null }],
    finishPuts: () => [1, [{ lease: lease('put'), receipt }]],
    noteFingerprint: () => [1, uploading('looked-at'), fingerprint({ size: 77 })],
    takeLeftovers: () => [1, heir],
    beginUpload: () => [1, lease('begun'), long, threeParts],
    noteUnansweredInitiate: () => [1, heir],
    setUploadId: () => [1, uploading('named'), 'U-other'],
    setIntent: () => [1, uploading('aborting'), 'abort'],
    commitParts: () => [1, uploading('sending'), [sent(1)]],
    chargeAttempts: () => [1, heir, 1],
    forgetUpload: () => [1, uploading('forgotten'), null],
    beginCompleting: () => [1, uploading('completing')],
    beginRemoval: () => [
      1,
      heir,
      { state: 'pending', aside: 'aside', fingerprint: fingerprint(), receipt: {} as never },
    ],
    finish: () => [1, uploading('finishing'), failure],
    control: () => [1, 'heir', { verb: 'pause' }],
    change: () => [1, 'heir', { priority: 1 }, null],
    remove: () => [1, failed('removed')],
    get: () => [1, 'heir'],
    list: () => [1, {}, page],
    countJobs: () => [1, { bucket: 'bucket-a' }, null],
    parts: () => [1, 'left', page],
    lastEventId: () => [1],
    eventsAfter: () => [1, null, {}, 10],
    buckets: () => [1],
    traceUploads: () => [1, [{ bucket: 'bucket-a', key: 'k', uploadId: 'U' } as never]],
    abandonUploads: () => [1, { jobId: failed('abandoned'), uploadId: 'U-abandoned' }],
    abandonedUploads: () => [1, page],
    forgetAbandoned: () => [1, 'U-given-up'],
    forgetInitiates: () => [1, 5, 10],
    submitBatch: () => [1, batch('new-batch'), [], null],
    findBatchByIdempotencyKey: () => [1, 'key'],
    getBatch: () => [1, 'b'],
    listBatches: () => [1, page],
    unfinishedBatches: () => [1],
    batchFiles: () => [1, 'b', 0, 10],
    extendBatch: () => [
      1,
      walk('b'),
      { jobs: [jobRequest('walked', { batchId: 'b' })], problems: [], planned: [], listed: 1 },
    ],
    endWalk: () => [1, walk('b')],
    controlBatch: () => [1, 'b', 'pause'],
    batchProblems: () => [1, 'b', page],
    removeBatch: () => [1, over('over'), 10],
    deletedJobs: () => [1, 'b', page],
    plannedFiles: () => [1, 'b', page],
    beginVerb: () => [1, { ...request, filter: { bucket: 'other' } }],
    getVerb: () => [1, verb],
    listVerbs: () => [1, page],
    unfinishedVerbs: () => [1],
    jobsOfVerb: () => [1, verb, 10],
    stepVerb: () => [1, verb, 10],
    takeWebhooks: () => {
      const webhook = { url: 'https://a.example/', events: ['job.queued'] }
      operations.submit(1, jobRequest('told', { options: { ...jobRequest('told').options, webhook } }), null)
      return [1, { leaseMs, limit: 1, perHost: 1, quotas: [], afterHost: '' }]
    },
    noteWebhook: () => [
      1,
      { id: `${writer.instance}-1`, epoch: 1 },
      { status: 200, reason: null, retryAfterMs: null },
      { to: 'delivered' },
    ],
    releaseWebhooks: () => [1, [{ id: `${writer.instance}-1`, epoch: 1 }]],
    expireWebhooks: () => [1, 1, 10],
    webhooks: () => [1, {}, page],
    redeliverWebhook: () => [1, `${writer.instance}-1`],
    beat: () => [1, { node, report: nodeReport, leases: [heir] }],
    takeChore: () => [1, { name: 'janitor', node, leaseMs }],
    keepChore: () => [1, { name: 'pruner', epoch: 1 }, leaseMs],
    leaveChore: () => [1, { name: 'pruner', epoch: 1 }],
    storedSettings: () => [1],
    storeSettings: () => [1, { parallel: '4' }, null],
    prune: () => [2, { olderThanMs: 0, limit: 1 }],
    stats: () => [1],
    check: () => [1],
  }

  /** Returns whether the operation writes, as SQLite sees it when it may only read. */
  const writes = (name: StoreOperation): boolean => {
    const args = calls[name]()
    writer.concludeSteps()
    database.pragma('query_only = ON')
    try {
      ;(operations[name] as (...args: readonly unknown[]) => unknown)(...args)
      writer.concludeSteps()
      return false
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_READONLY') throw error
      return true
    } finally {
      database.pragma('query_only = OFF')
      writer.forgetSteps()
    }
  }
  return { writes }
}

describe('the table of store operations', () => {
  it('knows of each whether it writes', () => {
    const { writes } = setup()
    const names = Object.keys(storeOperations) as StoreOperation[]
    const seen = names.map((name) => [name, writes(name) ? 'write' : 'read'])
    expect(seen).toEqual(names.map((name) => [name, storeOperations[name].access]))
  })
})
