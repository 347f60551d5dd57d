import { describe, expect, it } from 'vitest'
import { walkChore } from '../../src/core/chore.js'
import type { Chore } from '../../src/ports/chore-store.js'
import { createBatchTools, everything } from './store-batch-setup.js'
import { leaseMs, type StoreSetup } from './store-setup.js'

const hour = 3_600_000
const problem = { path: '/srv/in/x', code: 'source_unavailable', message: 'no', jobId: null } as const

/** Tests that work that is no job belongs to one node at a time. */
export const choreTests = (setup: () => Promise<StoreSetup>): void => {
  const withChores = async (tools?: StoreSetup) => {
    const made = tools ?? (await setup())
    const take = (name: string, node: string) => made.store.takeChore({ name, node, leaseMs })
    const takeIt = async (name: string, node = 'a'): Promise<Chore> => {
      const taken = await take(name, node)
      if (taken.kind === 'held') throw new Error('another node has it')
      return taken.chore
    }
    return { ...made, take, takeIt }
  }

  describe('a chore', () => {
    it('belongs to one node until its lease is over, and other chores to others', async () => {
      const { take, takeIt, advance } = await withChores()
      const first = await takeIt('pruner')
      expect(first.name).toBe('pruner')
      expect(await take('pruner', 'b')).toEqual({ kind: 'held', forMs: leaseMs })
      expect(await take('pruner', 'a')).toEqual({ kind: 'held', forMs: leaseMs })
      await takeIt('janitor', 'b')
      advance(leaseMs - 1)
      expect(await take('pruner', 'b')).toEqual({ kind: 'held', forMs: 1 })
      advance(1)
      expect((await takeIt('pruner', 'b')).epoch).toBeGreaterThan(first.epoch)
    })

    it('can be taken at once when it was left, and its epoch is never given again', async () => {
      const { store, takeIt } = await withChores()
      const epochs: number[] = []
      for (const name of ['walk:b-1', 'walk:b-2', 'walk:b-1', 'janitor', 'walk:b-1']) {
        const chore = await takeIt(name)
        epochs.push(chore.epoch)
        await store.leaveChore(chore)
      }
      expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b))
    })

    it('is kept by renewing it', async () => {
      const { store, take, takeIt, advance } = await withChores()
      const chore = await takeIt('pruner')
      for (let n = 0; n < 5; n++) {
        advance(leaseMs - 1)
        expect(await store.keepChore(chore, leaseMs)).toBe(true)
        expect(await take('pruner', 'b')).toEqual({ kind: 'held', forMs: leaseMs })
      }
    })

    it('is kept late when no node came for a chore meanwhile', async () => {
      const { store, take, takeIt, advance } = await withChores()
      const chore = await takeIt('pruner')
      advance(hour)
      expect(await store.keepChore(chore, leaseMs)).toBe(true)
      expect(await take('pruner', 'b')).toMatchObject({ kind: 'held' })
    })

    it('that was overtaken can neither be kept nor left', async () => {
      const { store, take, takeIt, advance } = await withChores()
      const late = await takeIt('pruner')
      advance(leaseMs)
      const taken = await takeIt('pruner', 'b')
      expect(await store.keepChore(late, leaseMs)).toBe(false)
      await store.leaveChore(late)
      expect(await take('pruner', 'a')).toMatchObject({ kind: 'held' })
      expect(await store.keepChore(taken, leaseMs)).toBe(true)
      await store.leaveChore(taken)
      expect(await store.keepChore(taken, leaseMs)).toBe(false)
    })

    it.each([hour, -hour])('keeps its lease when the wall clock is set by %d ms', async (jump) => {
      const { store, take, takeIt, advance, jump: set } = await withChores()
      await takeIt('pruner')
      advance(leaseMs - 1)
      set(jump)
      await store.check()
      expect(await take('pruner', 'b')).toEqual({ kind: 'held', forMs: 1 })
      advance(1)
      await takeIt('pruner', 'b')
    })
  })

  describe('the walk of a batch', () => {
    const withBatch = createBatchTools(setup)
    const started = async () => {
      const tools = await withBatch()
      return { ...tools, ...(await withChores(tools)) }
    }

    it('that was overtaken makes and ends nothing', async () => {
      const { store, takeIt, advance, fileJob, batch, jobs, state } = await started()
      const late = { batchId: 'b-1', epoch: (await takeIt(walkChore('b-1'))).epoch }
      expect(await store.extendBatch(late, { ...everything, jobs: [fileJob('a')] })).toBe('ok')
      advance(leaseMs)
      const walk = { batchId: 'b-1', epoch: (await takeIt(walkChore('b-1'), 'b')).epoch }
      const found = { jobs: [fileJob('b')], problems: [problem], planned: [], listed: 7 }
      expect(await store.extendBatch(late, found)).toBe('stopped')
      await store.endWalk(late)
      expect(await batch()).toMatchObject({ walk: 'going', seen: 1, problems: 0, listed: 0 })
      expect(await jobs()).toHaveLength(1)

      expect(await store.extendBatch(walk, { ...everything, jobs: [fileJob('b')] })).toBe('ok')
      await store.endWalk(walk)
      expect(await batch()).toMatchObject({ walk: 'done', seen: 2 })
      expect(await state()).not.toBe('walking')
    })

    it('takes nothing from a node that has another chore, or left this one', async () => {
      const { store, takeIt, fileJob, batch } = await started()
      const other = await takeIt(walkChore('b-2'))
      const left = await takeIt(walkChore('b-1'))
      await store.leaveChore(left)
      for (const { epoch } of [other, left]) {
        const found = { ...everything, jobs: [fileJob('a')] }
        expect(await store.extendBatch({ batchId: 'b-1', epoch }, found)).toBe('stopped')
        await store.endWalk({ batchId: 'b-1', epoch })
      }
      expect(await batch()).toMatchObject({ walk: 'going', seen: 0 })
    })
  })
}
