import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import type { Job } from '../../src/core/job.js'
import type { Verb } from '../../src/core/verb.js'
import { createBulkVerbs } from '../../src/engine/bulk/bulk-verbs.js'
import { createWalkAgent } from '../../src/engine/bulk/walk-agent.js'
import { createJanitor } from '../../src/engine/upkeep/janitor.js'
import { createPruner } from '../../src/engine/upkeep/pruner.js'
import type { Store } from '../../src/ports/store.js'
import { batchRequest } from '../contract/store-batch-setup.js'
import { granted, jobError, jobRequest, leaseMs, node } from '../contract/store-setup.js'
import { endWalk, extendBatch } from '../contract/store-walk.js'
import { createLife } from '../fakes/life.js'
import { createMemoryFiles } from '../fakes/memory-source.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createMemoryWalker } from '../fakes/memory-walker.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'
import { choreLeaseMs, setupChores } from './chores-setup.js'
import { collectLogs } from './engine-setup.js'
import { setupOrphans } from './orphans-setup.js'

const day = 86_400_000
const page = { limit: 1000, cursor: null } as const
const storage = { opens: async (signal: AbortSignal) => !signal.aborted }

/** Every node sees every place. */
const board = { sees: () => true, placeOf: () => null }

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

interface Agent {
  start(): void
  stop(): Promise<void>
}
const begin = <T extends Agent>(agent: T): T => {
  agent.start()
  endings.push(() => agent.stop())
  return agent
}

/** Sets up a store that several nodes share, with files and what happened to them. */
const setup = (names: readonly string[] = []) => {
  const clock = createVirtualClock()
  const store = createMemoryStore({ clock, wakeup: createLocalWakeup() })
  const files = createMemoryFiles()
  const walker = createMemoryWalker(files)
  const opened: string[] = []
  const sources = {
    open: async (...[path, within]: Parameters<typeof files.open>) => {
      opened.push(path)
      await clock.sleep(10)
      return files.open(path, within)
    },
  }
  const logs: string[] = []
  const logger = collectLogs(logs)
  endings.push(() => clock.stop())
  for (const name of names) files.write(`/srv/in/${name}`, randomBytes(10))
  let ids = 0
  const walkAgent = (through: Store = store) =>
    createWalkAgent({
      store: through,
      storage,
      chores: setupChores(clock, through, logger),
      walker,
      board,
      sources,
      names: { newId: () => `job-${++ids}`, newMarker: () => null },
      clock,
      logger,
      maxQueued: null,
    })
  const verbAgent = () =>
    createBulkVerbs({
      store,
      storage,
      chores: setupChores(clock, store, logger),
      sources,
      board,
      clock,
      logger,
    })
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) await clock.sleep(10)
  }
  return { clock, store, files, walker, opened, logs, walkAgent, verbAgent, until }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `f${n}`)

describe('two nodes that walk the batches of one store', () => {
  const walked = async (tools: ReturnType<typeof setup>, batchId: string) =>
    (await tools.store.getBatch(batchId))?.walk === 'done'

  it('walk each batch once', async () => {
    const tools = setup(numbered(20))
    const { store, walker, clock, walkAgent, until } = tools
    walker.before = () => clock.sleep(50)
    for (const id of ['b-1', 'b-2', 'b-3']) {
      await store.submitBatch(batchRequest(id, { target: { ...batchRequest(id).target, prefix: `${id}/` } }), [], null)
    }
    for (const agent of [walkAgent(), walkAgent()]) begin(agent)
    for (const id of ['b-1', 'b-2', 'b-3']) await until(() => walked(tools, id))
    expect(walker.given).toHaveLength(30)
    expect((await store.list({}, page)).items).toHaveLength(60)
  })

  it('look at each file of a list once', async () => {
    const tools = setup(numbered(20))
    const { store, opened, walkAgent, until } = tools
    const files = numbered(20).map((name) => ({ path: `/srv/in/${name}`, key: name }))
    await store.submitBatch(batchRequest('b-1', { source: { kind: 'files' } }), files, null)
    for (const agent of [walkAgent(), walkAgent()]) begin(agent)
    await until(() => walked(tools, 'b-1'))
    expect(opened).toHaveLength(20)
  })

  it('take over at once what a node leaves that stops', async () => {
    const tools = setup(numbered(20))
    const { store, walker, clock, walkAgent, until } = tools
    walker.before = () => clock.sleep(1_000)
    await store.submitBatch(batchRequest('b-1'), [], null)
    const first = begin(walkAgent())
    await until(() => walker.given.length === 3)
    await first.stop()
    begin(walkAgent())
    const at = clock.monotonic()
    await until(() => walker.given.length === 4)
    expect(clock.monotonic() - at).toBeLessThan(1_100)
  })

  it('finish the walk of a node that died once its lease is over: nothing twice, nothing lost', async () => {
    const tools = setup(numbered(20))
    const { store, walker, clock, walkAgent, until } = tools
    walker.before = () => clock.sleep(1_000)
    await store.submitBatch(batchRequest('b-1'), [], null)
    const life = createLife()
    const mortal = new Proxy(store, {
      get: (_, name: keyof Store) => {
        const method = store[name] as (...args: readonly unknown[]) => unknown
        return (...args: readonly unknown[]) => (life.isOver() ? new Promise(() => {}) : method(...args))
      },
      ownKeys: () => Reflect.ownKeys(store),
      getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(store, name),
    })
    walkAgent(mortal).start()
    await until(() => walker.given.length === 3)
    begin(walkAgent())
    await clock.sleep(5_000)
    life.end()
    const at = clock.monotonic()
    await until(() => walked(tools, 'b-1'))
    expect(clock.monotonic() - at).toBeLessThan(2 * choreLeaseMs)
    const keys = (await store.list({}, page)).items.map(({ target }) => target.key)
    expect(keys.sort()).toEqual(
      numbered(20)
        .map((name) => `dir/${name}`)
        .sort(),
    )
  })
})

describe('two nodes that carry verbs on', () => {
  const withFailed = async (count: number) => {
    const tools = setup(numbered(count))
    const { store } = tools
    await store.submitBatch(batchRequest('b-1'), [], null)
    const jobs = numbered(count).map((name) => ({
      ...jobRequest(name, { batchId: 'b-1' }),
      source: { ...jobRequest(name).source, path: `/srv/in/${name}` },
    }))
    await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
    await endWalk(store, 'b-1')
    const { claims } = await store.claim({ node, limit: count, leaseMs })
    for (const { lease } of claims) {
      granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null }))
    }
    const give = async (verb: Verb, filter: object = {}) =>
      (await store.beginVerb({ verb, filter, by: null, jobs: 0, batches: 0 })).id
    const over = async (id: number) => (await store.getVerb(id))?.finishedAt !== null
    return { ...tools, give, over }
  }

  it('look at the source of each job once', async () => {
    const { verbAgent, give, over, until, opened, store } = await withFailed(300)
    const id = await give('retry')
    for (const agent of [verbAgent(), verbAgent()]) begin(agent)
    await until(() => over(id))
    expect(opened).toHaveLength(300)
    expect(await store.getVerb(id)).toMatchObject({ changed: 300, refused: 0 })
  })

  it('hold claims on both until every job was met, and no longer for those that are awaited', async () => {
    const { verbAgent, give, over, until, store } = await withFailed(1)
    await store.submit(jobRequest('completing'), null)
    const [claim] = (await store.claim({ node, limit: 1, leaseMs: day })).claims
    if (claim === undefined) throw new Error('there is nothing to claim')
    await store.beginCompleting(claim.lease)
    for (let n = 0; n < 300; n++) await store.submit(jobRequest(`queued-${n}`), null)
    const id = await give('pause')
    const agents = [verbAgent(), verbAgent()]
    for (const agent of agents) await agent.open()
    expect(agents.map((agent) => agent.holdsClaims())).toEqual([true, true])
    for (const agent of agents) begin(agent)
    await until(() => agents.every((agent) => !agent.holdsClaims()))
    expect(await over(id)).toBe(false)
    granted(await store.release(claim.lease, { to: 'queued', waiting: null, delayMs: null }))
    await until(() => over(id))
  })

  it('write nothing for a verb that rests because its batch is paused', async () => {
    const { verbAgent, until, over, store, clock } = await withFailed(3)
    await store.submit({ ...jobRequest('open'), batchId: 'b-1' }, null)
    const retry = await store.controlBatch('b-1', 'retry')
    if (retry.kind !== 'ok' || retry.verb === null) throw new Error('there is nothing to retry')
    await store.controlBatch('b-1', 'pause')
    begin(verbAgent())
    await clock.sleep(5_000)
    const taken = await store.takeChore({ name: 'any', node, leaseMs })
    await clock.sleep(600_000)
    const later = await store.takeChore({ name: 'other', node, leaseMs })
    if (taken.kind === 'held' || later.kind === 'held') throw new Error('another node has it')
    expect(later.chore.epoch).toBe(taken.chore.epoch + 1)
    await store.controlBatch('b-1', 'resume')
    await until(() => over(retry.verb?.id ?? 0))
  })
})

describe('two nodes that tidy up', () => {
  it('abort each upload that was given up once', async () => {
    const { store, targets, clock, logger, oss, failed } = setupOrphans()
    endings.push(() => clock.stop())
    const left: Job[] = []
    for (const key of ['a', 'b', 'c']) left.push((await failed(key)).job)
    await clock.sleep(8 * day)
    oss.faults = { before: (_call, signal) => clock.sleep(20_000, signal) }
    for (const chores of [setupChores(clock, store), setupChores(clock, store)]) {
      begin(createJanitor({ store, targets, chores, clock, logger, abandonedAfterMs: 7 * day }))
    }
    while (oss.uploads.size > 0) await clock.sleep(1_000)
    await clock.sleep(7_200_000)
    expect(oss.calls.filter(({ call }) => call === 'abort')).toHaveLength(left.length)
  })

  it('forget what finished long ago in one row of steps', async () => {
    const { clock, store, logs } = setup()
    const logger = collectLogs(logs)
    let left = 5_000
    const steps = new Map<string, number>()
    for (const name of ['a', 'b']) {
      const prune: Store['prune'] = async ({ limit }) => {
        steps.set(name, (steps.get(name) ?? 0) + 1)
        const jobs = Math.min(left, limit)
        left -= jobs
        return { jobs, events: 0, batches: 0 }
      }
      const chores = setupChores(clock, store)
      begin(createPruner({ store: { prune }, storage, chores, clock, logger, keepMs: 30 * day }))
    }
    while (left > 0) await clock.sleep(1_000)
    await clock.sleep(10_000)
    expect([...steps.values()].sort((a, b) => a - b)).toEqual([1, 25])
  })

  it('write nothing where nothing is to be done', async () => {
    const { store, targets, clock, logger } = setupOrphans()
    endings.push(() => clock.stop())
    const [first] = await Promise.all([store.takeChore({ name: 'any', node, leaseMs })])
    const chores = setupChores(clock, store)
    begin(createJanitor({ store, targets, chores, clock, logger, abandonedAfterMs: 7 * day }))
    begin(createPruner({ store, storage, chores, clock, logger, keepMs: 30 * day }))
    await clock.sleep(day)
    const last = await store.takeChore({ name: 'other', node, leaseMs })
    if (first.kind === 'held' || last.kind === 'held') throw new Error('another node has it')
    expect(last.chore.epoch).toBe(first.chore.epoch + 1)
  })
})
