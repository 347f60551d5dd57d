import { walkChore } from '../../src/core/chore.js'
import type { Walk } from '../../src/ports/batch-store.js'
import type { Store } from '../../src/ports/store.js'
import { leaseMs, node } from './store-setup.js'

/** Walks a batch for as long as `work` takes, as the one node that does. */
const walking = async <T>(store: Store, batchId: string, work: (walk: Walk) => Promise<T>): Promise<T> => {
  const taken = await store.takeChore({ name: walkChore(batchId), node, leaseMs })
  if (taken.kind === 'held') throw new Error('another walk is under way')
  const answer = await work({ batchId, epoch: taken.chore.epoch })
  await store.leaveChore(taken.chore)
  return answer
}

type Rest = Parameters<Store['extendBatch']> extends [Walk, ...infer Others] ? Others : never

export const extendBatch = (store: Store, batchId: string, ...rest: Rest) =>
  walking(store, batchId, (walk) => store.extendBatch(walk, ...rest))

export const endWalk = (store: Store, batchId: string): Promise<void> =>
  walking(store, batchId, (walk) => store.endWalk(walk))
