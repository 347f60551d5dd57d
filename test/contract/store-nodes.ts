import { describe, expect, it } from 'vitest'
import type { NewJob } from '../../src/core/job.js'
import type { NodeReport } from '../../src/core/node.js'
import type { Claim } from '../../src/ports/queue-store.js'
import { batchRequest } from './store-batch-setup.js'
import { jobRequest, leaseMs, multipart, node, put, type StoreSetup, sent, threeParts } from './store-setup.js'

const report = (changes: Partial<NodeReport> = {}): NodeReport => ({
  version: '1.0.0',
  address: 'http://127.0.0.1:8484',
  startedAt: 1,
  isDraining: false,
  runs: 1,
  slots: 16,
  lanes: 2,
  bytesPerSecond: 5,
  roots: ['/srv/in'],
  sharedRoots: [],
  ...changes,
})

export const nodeTests = (setup: () => Promise<StoreSetup>): void => {
  describe('places', () => {
    const claimed = async ({ store }: StoreSetup, by: string, puts = false): Promise<readonly string[]> => {
      const limits = puts ? { limit: 0, puts: { limit: 10, pairLimit: 10, quotas: [] } } : { limit: 10 }
      const { claims } = await store.claim({ node: by, leaseMs, ...limits })
      return claims.map(({ job }) => job.id)
    }

    it.each([false, true])('lets a claim take only what its node sees (plain puts: %s)', async (puts) => {
      const tools = await setup()
      const { options } = jobRequest('any')
      const small: Partial<NewJob> = puts ? { options: { ...options, multipartThreshold: 1_000, partSize: 1_000 } } : {}
      await tools.submit({ ...small, place: 'node-b' })
      await tools.submit({ ...small, place: null })
      await tools.submit({ ...small, place: node })
      expect(await claimed(tools, 'node-c', puts)).toEqual(['job-2'])
      expect(await claimed(tools, node, puts)).toEqual(['job-3'])
      expect(await claimed(tools, node, puts)).toEqual([])
      expect(await claimed(tools, 'node-b', puts)).toEqual(['job-1'])
    })

    it('lets the jobs of another node wait behind none of its own', async () => {
      const tools = await setup()
      for (let i = 0; i < 5; i++) await tools.submit({ place: 'node-b', priority: 10 })
      const { id } = await tools.submit({ place: node })
      const { claims } = await tools.store.claim({ node, limit: 1, leaseMs })
      expect(claims.map(({ job }) => job.id)).toEqual([id])
    })

    it('leaves what every node sees to the others when it is asked to', async () => {
      const tools = await setup()
      await tools.submit({ place: null })
      await tools.submit({ place: node })
      const cancelled = await tools.submit({ place: null })
      await tools.store.control(cancelled.id, { verb: 'cancel' })
      const { claims } = await tools.store.claim({ node, limit: 10, leaseMs, ownOnly: true })
      expect(claims.map(({ job }) => job.id)).toEqual([cancelled.id, 'job-2'])
      expect(await claimed(tools, node)).toEqual(['job-1'])
    })

    it('counts what only one node can finish, or holds', async () => {
      const tools = await setup()
      const pendingOf = async (id: string) => (await tools.store.countJobs({ node: id, openSince: 0 }, null)).pending
      await tools.submit({ place: 'node-b' })
      await tools.submit({ place: null })
      expect([await pendingOf(node), await pendingOf('node-b')]).toEqual([0, 1])
      expect(await claimed(tools, node)).toEqual(['job-2'])
      expect([await pendingOf(node), await pendingOf('node-b')]).toEqual([1, 1])
    })

    it('lets any node carry out a cancel', async () => {
      const tools = await setup()
      const { id } = await tools.submit({ place: 'node-b' })
      await tools.store.claim({ node: 'node-b', limit: 1, leaseMs })
      await tools.store.control(id, { verb: 'cancel' })
      tools.advance(leaseMs)
      const { claims } = await tools.store.claim({ node, limit: 1, leaseMs })
      expect(claims.map(({ job }) => [job.id, job.state])).toEqual([[id, 'cancelling']])
    })

    it.each([
      ['a put that may have been made', put, null],
      ['an upload whose Complete got no answer', multipart, 'complete'],
    ] as const)(
      'leaves the cancel and the end of %s to the node that can compare it',
      async (_name, upload, intent) => {
        const tools = await setup()
        const { store } = tools
        const notAfter = tools.now() + 2 * leaseMs
        const { options } = jobRequest('any')
        const overdue = await tools.submit({ place: 'node-b', options: { ...options, notAfter } })
        const { lease } = (await store.claim({ node: 'node-b', limit: 1, leaseMs })).claims[0] as Claim
        await store.beginUpload(lease, upload, upload.mode === 'put' ? [] : threeParts)
        if (upload.mode === 'multipart') await store.setUploadId(lease, 'U')
        if (upload.mode === 'multipart') for (const part of [1, 2, 3]) await store.commitParts(lease, [sent(part)])
        if (intent !== null) await store.beginCompleting(lease)
        await store.release(lease, { to: 'queued', waiting: null, delayMs: null })
        tools.advance(3 * leaseMs)
        expect(await claimed(tools, node)).toEqual([])
        await store.control(overdue.id, { verb: 'cancel' })
        expect(await claimed(tools, node)).toEqual([])
        expect(await claimed(tools, 'node-b')).toEqual([overdue.id])
      },
    )

    it('lets any node settle what is overdue and never ran', async () => {
      const tools = await setup()
      const { options } = jobRequest('any')
      const { id } = await tools.submit({ place: 'node-b', options: { ...options, notAfter: tools.now() + 1_000 } })
      expect(await claimed(tools, node)).toEqual([])
      tools.advance(1_000)
      expect(await claimed(tools, node)).toEqual([id])
    })

    it('shows the place and the node that works, also in lists', async () => {
      const tools = await setup()
      const { store } = tools
      const { id } = await tools.submit({ place: 'node-b' })
      expect(await store.get(id)).toMatchObject({ place: 'node-b', node: null })
      await store.claim({ node: 'node-b', limit: 1, leaseMs })
      expect(await store.get(id)).toMatchObject({ place: 'node-b', node: 'node-b' })
      const { items } = await store.list({}, { limit: 10, cursor: null })
      expect(items[0]).toMatchObject({ place: 'node-b', node: 'node-b' })
      await tools.submit({ place: null })
      expect(await store.get('job-2')).toMatchObject({ place: null, node: null })
    })

    it('keeps the place of a batch', async () => {
      const { store } = await setup()
      for (const [id, place] of [
        ['b-1', 'node-b'],
        ['b-2', null],
      ] as const) {
        await store.submitBatch(batchRequest(id, { place }), [], null)
        expect(await store.getBatch(id)).toMatchObject({ place })
      }
      expect((await store.unfinishedBatches()).map(({ place }) => place)).toEqual(['node-b', null])
    })
  })

  describe('beats', () => {
    it('tells of every node, and for how long it was silent', async () => {
      const { store, advance, now } = await setup()
      await store.beat({ node: 'node-b', report: report({ runs: 7 }), leases: [] })
      advance(1_000)
      const { nodes } = await store.beat({ node, report: report({ isDraining: true }), leases: [] })
      expect(nodes).toEqual([
        { id: node, report: report({ isDraining: true }), schema: expect.any(Number), heardAt: now(), silentMs: 0 },
        {
          id: 'node-b',
          report: report({ runs: 7 }),
          schema: expect.any(Number),
          heardAt: now() - 1_000,
          silentMs: 1_000,
        },
      ])
    })

    it('brings what another node has changed: settings, verbs, and what is wanted of the runs', async () => {
      const tools = await setup()
      const { store } = tools
      const { lease } = await tools.running()
      const beat = () => store.beat({ node, report: report(), leases: [lease] })
      expect(await beat()).toMatchObject({
        desires: [{ ...lease, held: true, desired: 'run', tuning: { priority: 0 } }],
        settings: {},
        newestVerb: 0,
      })
      await store.storeSettings({ concurrency: '3' }, null)
      await store.control(lease.jobId, { verb: 'pause' })
      await store.change(lease.jobId, { priority: 4 }, null)
      const verb = await store.beginVerb({ verb: 'cancel', filter: { bucket: 'none' }, by: null, jobs: 0, batches: 0 })
      expect(await beat()).toMatchObject({
        desires: [{ ...lease, held: true, desired: 'pause', tuning: { priority: 4 } }],
        settings: { concurrency: '3' },
        newestVerb: verb.id,
      })
    })

    it('renews no lease, and says when one was lost', async () => {
      const tools = await setup()
      const { store } = tools
      const { lease } = await tools.running()
      const heldOf = async () => (await store.beat({ node, report: report(), leases: [lease] })).desires[0]?.held
      tools.advance(leaseMs - 1)
      expect(await heldOf()).toBe(true)
      tools.advance(1)
      await store.claim({ node: 'node-b', limit: 1, leaseMs })
      expect(await heldOf()).toBe(false)
      await store.claim({ node, limit: 1, leaseMs })
      expect(await heldOf()).toBe(false)
    })
  })
}
