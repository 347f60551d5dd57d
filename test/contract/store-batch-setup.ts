import { type Batch, batchStateOf, type NewBatch } from '../../src/core/batch.js'
import type { NewJob } from '../../src/core/job.js'
import type { WalkChunk } from '../../src/ports/batch-store.js'
import { granted, jobError, jobRequest, leaseMs, node, receipt, type StoreSetup } from './store-setup.js'
import { extendBatch } from './store-walk.js'

const { options } = jobRequest('any')

export const batchRequest = (id: string, changes: Partial<NewBatch> = {}): NewBatch => ({
  id,
  source: { kind: 'dir', dir: '/srv/in', include: [], exclude: [], followSymlinks: false },
  place: null,
  target: { bucket: 'bucket-a', prefix: 'dir/', endpoint: 'https://oss.example', region: 'cn-hangzhou' },
  template: { options, priority: 0, labels: { run: '1' }, dueAt: null },
  dryRun: false,
  by: 'maker',
  ...changes,
})

export const everything: WalkChunk = { jobs: [], problems: [], planned: [], listed: null }

/** Makes what a test of batches starts with: the batch b-1, and ways to make it grow and end. */
export const createBatchTools = (setup: () => Promise<StoreSetup>) => {
  return async (changes: Partial<NewBatch> = {}) => {
    const tools = await setup()
    const { store } = tools
    await store.submitBatch(batchRequest('b-1', changes), [], null)
    const fileJob = (name: string, more: Partial<NewJob> = {}): NewJob =>
      jobRequest(`id-${name}-${Math.random()}`, {
        batchId: 'b-1',
        source: { kind: 'path', path: `/srv/in/${name}`, fingerprint: jobRequest('x').source.fingerprint },
        target: { ...jobRequest('x').target, key: `dir/${name}` },
        labels: { run: '1' },
        ...more,
      })
    const extend = (...names: string[]) =>
      extendBatch(store, 'b-1', { ...everything, jobs: names.map((name) => fileJob(name)) })
    const batch = async (): Promise<Batch> => {
      const found = await store.getBatch('b-1')
      if (found === null) throw new Error('the batch is gone')
      return found
    }
    const state = async () => batchStateOf(await batch())
    const jobs = async () => (await store.list({ batchId: 'b-1' }, { limit: 1000, cursor: null })).items
    const states = async () => (await jobs()).map((job) => job.state).reverse()
    const finish = async (to: 'completed' | 'failed' | 'skipped') => {
      const [claim] = (await store.claim({ node, limit: 1, leaseMs })).claims
      if (claim === undefined) throw new Error('nothing is ready')
      if (to === 'failed') granted(await store.finish(claim.lease, { to, error: jobError, receipt: null }))
      else if (to === 'skipped')
        granted(await store.finish(claim.lease, { to: 'completed', outcome: 'skipped', receipt: null }))
      else granted(await store.finish(claim.lease, { to, outcome: 'uploaded', receipt }))
      return claim.job
    }
    const completions = async () =>
      (await store.eventsAfter(null, { batchId: 'b-1' }, 1000)).items.filter(({ type }) => type === 'batch.completed')
    /** Takes one step of each verb of the batch. Returns true when no verb is left. */
    const stepVerbs = async (limit: number) => {
      for (const { id, filter } of await store.unfinishedVerbs()) {
        if (filter.batchId === 'b-1') await store.stepVerb(id, limit)
      }
      return (await batch()).underway.length === 0
    }
    return { ...tools, stepVerbs, fileJob, extend, batch, state, jobs, states, finish, completions }
  }
}
