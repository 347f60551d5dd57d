import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOperations } from '../../../src/adapters/sqlite/operations/operations.js'
import type { JobRow } from '../../../src/adapters/sqlite/sql/rows.js'
import { createGroupCommit } from '../../../src/adapters/sqlite/thread/group-commit.js'
import type { Operations, Request } from '../../../src/adapters/sqlite/thread/protocol.js'
import type { Batch } from '../../../src/core/batch.js'
import { type Job, jobStates } from '../../../src/core/job.js'
import type { Lease } from '../../../src/ports/lease.js'
import type { Claim } from '../../../src/ports/queue-store.js'
import type { StoreOperation } from '../../../src/ports/store-operations.js'
import {
  fingerprint,
  jobError,
  jobRequest,
  multipart,
  node,
  receipt,
  sent,
  threeParts,
} from '../../contract/store-setup.js'
import { openTestDatabase } from './sqlite-setup.js'

/** Each of these becomes a request, as far as the jobs that are there allow it. */
const kinds = [
  'submit',
  'submit',
  'submitLater',
  'submitToBatch',
  'claim',
  'claim',
  'plan',
  'part',
  'complete',
  'fail',
  'release',
  'changedSource',
  'retryUnseen',
  'noteFingerprint',
  'pause',
  'resume',
  'cancel',
  'cancelled',
  'retry',
  'remove',
  'read',
  'breakAfterSubmit',
  'wait',
] as const

const step = fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(1000) })

/** A group is committed at once. The disk fails before some commits. */
const group = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  isLost: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
})

const setup = () => {
  const { writer } = openTestDatabase()
  const { database } = writer
  let isLost = false
  const real = createOperations(writer)
  const operations: Operations = {
    ...real,
    check: (at) => {
      real.submit(at, jobRequest(`broken-${at}`), null)
      throw new Error('this operation fails after it wrote')
    },
  }
  const commit = createGroupCommit({
    writer,
    operations,
    assertInPlace: () => {
      if (isLost) throw Object.assign(new Error('the disk failed'), { code: 'SQLITE_FULL' })
    },
  })
  let lastId = 0
  let at = 1
  const requestOf = (operation: StoreOperation, ...args: unknown[]): Request => ({
    id: ++lastId,
    operation,
    at,
    wallOffset: 0,
    args,
  })
  commit([requestOf('submitBatch', batch, [], null)])

  const jobs: string[] = []
  const inBatch = new Set<string>()
  const leases = new Map<string, Lease>()

  const requestFor = ({ kind, pick }: { readonly kind: (typeof kinds)[number]; readonly pick: number }): Request => {
    const id = jobs[pick % (jobs.length || 1)] ?? 'nobody'
    const lease = leases.get(id) ?? { jobId: id, epoch: 0 }
    const made = (changes: object) => {
      const name = `job-${lastId}`
      jobs.push(name)
      const source = { kind: 'path', path: `/srv/in/${name}`, fingerprint: fingerprint({ size: 300 + (pick % 7) }) }
      return requestOf('submit', jobRequest(name, { source, ...changes } as never), null, 'ops', 40)
    }
    const verbs = { pause: 'pause', resume: 'resume', cancel: 'cancel', retry: 'retry' } as const
    switch (kind) {
      case 'submit':
        return made({})
      case 'submitLater':
        return made({ dueAt: at + 50 })
      case 'submitToBatch':
        inBatch.add(`job-${lastId}`)
        return made({ batchId: 'b' })
      case 'claim':
        return requestOf('claim', { node, limit: 1 + (pick % 3), leaseMs: 40 })
      case 'plan':
        return requestOf('beginUpload', lease, { ...multipart, uploadId: null }, threeParts)
      case 'part':
        return requestOf('commitParts', lease, [sent(1 + (pick % 3))])
      case 'complete':
        return requestOf('finish', lease, {
          to: 'completed',
          outcome: pick % 2 ? 'uploaded' : 'skipped',
          receipt: pick % 2 ? receipt : null,
        })
      case 'cancelled':
        return requestOf('finish', lease, { to: 'cancelled' })
      case 'fail':
        return requestOf('finish', lease, { to: 'failed', error: jobError, receipt: null })
      case 'release':
        return requestOf('release', lease, { to: 'queued', waiting: 'backoff', delayMs: pick % 60 })
      case 'changedSource':
        return requestOf('forgetUpload', lease, fingerprint({ size: 200 + (pick % 9) }))
      case 'noteFingerprint':
        return requestOf('noteFingerprint', lease, fingerprint({ size: 300 + (pick % 3) }))
      case 'retryUnseen':
        return requestOf('control', id, { verb: 'retry', fingerprint: 'due' })
      case 'remove':
        // A batch goes on counting jobs that are deleted, so its counters could not be judged by a count.
        return requestOf('remove', inBatch.has(id) ? 'nobody' : id)
      case 'read':
        return requestOf(pick % 2 ? 'stats' : 'getBatch', 'b')
      case 'breakAfterSubmit':
        return requestOf('check')
      case 'wait':
        at += pick % 50
        return requestOf('lastEventId')
      default:
        return requestOf('control', id, { verb: verbs[kind], fingerprint: fingerprint() })
    }
  }

  const run = (steps: readonly { readonly kind: (typeof kinds)[number]; readonly pick: number }[], lost: boolean) => {
    const requests = steps.map(requestFor)
    isLost = lost
    const { answers } = commit(requests)
    for (const answer of answers) {
      const { claims } = ((answer.ok && answer.value) || {}) as { claims?: readonly Claim[] }
      for (const { lease, job } of claims ?? []) leases.set(job.id, lease)
    }
  }

  const rows = () => database.prepare('SELECT * FROM jobs').all() as JobRow[]
  /** Returns what the counters ought to say, by counting. */
  const counted = () => {
    const all = rows()
    const bytes = (of: readonly JobRow[]) =>
      of.reduce((sum, row) => sum + (row.finished_at === null ? row.source_size - row.bytes_uploaded : 0), 0)
    const states = jobStates.map((state) => {
      const of = all.filter((row) => row.state === state)
      return { state, jobs: of.length, bytes_pending: bytes(of) }
    })
    const waits = [...new Set(all.flatMap((row) => row.waiting ?? []))].sort().map((waiting) => {
      const of = all.filter((row) => row.waiting === waiting)
      return { waiting, jobs: of.length, bytes_pending: bytes(of) }
    })
    const ofBatch = all.filter((row) => row.batch_id !== null)
    const batch = {
      batch_id: 'b',
      ...Object.fromEntries(jobStates.map((state) => [state, ofBatch.filter((row) => row.state === state).length])),
      skipped: ofBatch.filter((row) => row.outcome === 'skipped').length,
      bytes_total: ofBatch.reduce((sum, row) => sum + row.source_size, 0),
      bytes_uploaded: ofBatch.reduce((sum, row) => sum + row.bytes_uploaded, 0),
    }
    return { states, waits, batch }
  }
  /** Returns what they say. */
  const counters = () => ({
    states: database.prepare('SELECT * FROM job_counts').all(),
    waits: database.prepare('SELECT * FROM wait_counts WHERE jobs <> 0 OR bytes_pending <> 0').all(),
    batch: database.prepare("SELECT * FROM batch_counts WHERE batch_id = 'b'").get(),
  })
  /** Makes a request, of which `together` carries out some in one group. */
  const ask = Object.assign(requestOf, {
    together: (requests: readonly Request[]) => commit(requests).answers.map((answer) => answer.ok && answer.value),
  })
  return { run, counted, counters, rows, ask }
}

const batch = {
  id: 'b',
  place: null,
  source: { kind: 'files' },
  target: { bucket: 'bucket-a', prefix: 'b/', endpoint: 'https://oss.example', region: 'cn-hangzhou' },
  template: { options: jobRequest('any').options, priority: 0, labels: {}, dueAt: null },
  dryRun: false,
  by: null,
} as const

const byState = <T extends { readonly state?: unknown }>(rows: readonly T[]): readonly T[] =>
  [...rows].sort((a, b) => String(a.state).localeCompare(String(b.state)))

describe('the counters of jobs', () => {
  it('are read in a group as what came before in the group made them', () => {
    const { ask } = setup()
    const made = (id: string, changes = {}) => ask('submit', jobRequest(id, changes), null)
    const [, , stats, found, , later] = ask.together([
      made('a'),
      made('b', { batchId: 'b' }),
      ask('stats'),
      ask('getBatch', 'b'),
      made('c', { batchId: 'b' }),
      ask('getBatch', 'b'),
    ])
    expect((stats as { jobs: { queued: number } }).jobs.queued).toBe(2)
    expect([found, later].map((batch) => (batch as Batch).counts.queued)).toEqual([1, 2])
  })

  it('say after each commit what a count says, whatever failed and was rolled back', () => {
    const reached = new Set<Job['state']>()
    fc.assert(
      fc.property(fc.array(group, { minLength: 20, maxLength: 60 }), (groups) => {
        const { run, counted, counters, rows } = setup()
        for (const { steps, isLost } of groups) {
          run(steps, isLost)
          const said = counters()
          const expected = counted()
          expect(byState(said.states as never)).toEqual(byState(expected.states))
          expect(said.waits).toEqual(expected.waits)
          expect(said.batch).toEqual(expected.batch)
          for (const row of rows()) reached.add(row.state)
        }
      }),
      { numRuns: 12, endOnFailure: true },
    )
    // The property says nothing of a state that no job ever had.
    expect([...reached].sort()).toEqual(jobStates.filter((state) => state !== 'completing').sort())
  })
})
