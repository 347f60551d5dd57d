import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import type { Job } from '../../src/core/job.js'
import { createProgressBoard } from '../../src/engine/feed/progress-board.js'
import { type JobRecord, openJobRecord } from '../../src/engine/upload/job-record.js'
import type { Store } from '../../src/ports/store.js'
import {
  fingerprint,
  leaseMs,
  multipart,
  receipt,
  type StoreSetup,
  sent,
  setupStore,
  threeParts,
} from '../contract/store-setup.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/**
 * Returns the record of a run that has just begun, on a store whose calls pass `medium`, with what the progress board
 * was shown.
 */
const setup = async (medium: (store: Store) => Store = (store) => store, opens = async () => true) => {
  const world = await setupStore(async (deps) => ({ store: createMemoryStore(deps), close: async () => {} }))
  const clock = createVirtualClock()
  ends.push(clock.stop, world.close)
  const claim = await world.running()
  const board = createProgressBoard(clock)
  const shown: Job[] = []
  const onBoard = board.begin(claim.job)
  const progress = {
    ...onBoard,
    update(job: Job) {
      shown.push(job)
      onBoard.update(job)
    },
  }
  const deps = { store: medium(world.store), storage: { opens } }
  const record = openJobRecord(deps, claim, progress, new AbortController().signal)
  return { ...world, claim, board, progress, shown, record }
}

const removal = { state: 'pending', aside: 'aside', fingerprint: fingerprint(), receipt } as const
const plan = (record: JobRecord) => record.planUpload(multipart, threeParts)

/** These are all steps that a run can write. Each comes after the steps that have to come before it. */
const steps: Readonly<Record<string, (record: JobRecord) => Promise<unknown>>> = {
  noteFingerprint: (record) => record.noteFingerprint(fingerprint({ size: 200 })),
  planUpload: plan,
  intend: (record) => record.intend('initiate'),
  dropIntent: (record) => record.dropIntent(),
  nameUpload: async (record) => plan(record).then(() => record.nameUpload('u-1')),
  takeLeftovers: (record) => record.takeLeftovers(),
  adoptParts: async (record) => plan(record).then(() => record.adoptParts([sent(1), sent(2)])),
  forgetUpload: async (record) => plan(record).then(() => record.forgetUpload(fingerprint({ size: 200 }))),
  abandonUpload: async (record) => plan(record).then(() => record.abandonUpload(null)),
  beginCompleting: async (record) => plan(record).then(() => record.beginCompleting()),
  beginRemoval: (record) => record.beginRemoval(removal),
  finish: (record) => record.finish({ to: 'completed', outcome: 'uploaded', receipt }),
  release: (record) => record.release({ to: 'queued', waiting: null, delayMs: null }),
}

describe.each(Object.entries(steps))('the record of a run: %s', (_name, step) => {
  it('holds and shows the job as the store has it', async () => {
    const { record, store, claim, shown } = await setup()
    await step(record)
    const stored = await store.get(claim.job.id)
    expect(record.job).toEqual(stored)
    expect(shown.at(-1)).toEqual(stored)
  })

  it('ends the run when another claim has overtaken the lease', async () => {
    const { record, advance, claimOne, store, claim } = await setup()
    advance(leaseMs + 1)
    await claimOne()
    const before = await store.get(claim.job.id)
    await expect(step(record)).rejects.toMatchObject({ name: 'RunStopped', reason: 'fenced' })
    expect(await store.get(claim.job.id)).toEqual(before)
  })

  it('is written once the medium that failed takes it', async () => {
    const medium = { isFull: true }
    const failing = (store: Store): Store =>
      new Proxy(store, {
        get: (port, name) => {
          const method = Reflect.get(port, name)
          return async (...args: unknown[]) => {
            if (medium.isFull) throw new AppError('storage_full', 'The disk is full')
            return method(...args)
          }
        },
      })
    const { record, store, claim } = await setup(failing, async () => {
      medium.isFull = false
      return true
    })
    await step(record)
    expect(record.job).toEqual(await store.get(claim.job.id))
  })
})

describe('the record of a run', () => {
  it('tells how many parts there are from the plan on, and counts each when it is committed', async () => {
    const { record, board, progress } = await setup()
    const told: unknown[] = []
    board.subscribe((_id, { partsTotal, partsUploaded, bytesUploaded }) =>
      told.push([partsTotal, partsUploaded, bytesUploaded]),
    )
    await plan(record)
    await record.nameUpload('u-1')
    progress.moving(1, 50)
    expect(told).toEqual([[3, 0, 0]])
    await record.commitPart(sent(1))
    expect(board.live(record.job.id)?.bytesInFlight).toBe(0)
    await record.beginCompleting()
    expect(record.job).toMatchObject({ partsUploaded: 1, bytesUploaded: 100 })
  })

  it('takes a part off the board that could not be committed', async () => {
    const { record, board, progress, advance, claimOne } = await setup()
    await plan(record)
    progress.moving(1, 100)
    advance(leaseMs + 1)
    await claimOne()
    await expect(record.commitPart(sent(1))).rejects.toMatchObject({ reason: 'fenced' })
    expect(board.live(record.job.id)?.bytesInFlight).toBe(0)
  })

  const wants = async (
    verb: 'pause' | 'cancel',
    { store, claim }: Pick<StoreSetup, 'store'> & { claim: { job: Job } },
  ) => store.control(claim.job.id, { verb })

  it.each(['pause', 'cancel'] as const)('ends the run by the %s that came before Complete', async (verb) => {
    const world = await setup()
    await plan(world.record)
    await wants(verb, world)
    await expect(world.record.beginCompleting()).rejects.toMatchObject({ name: 'RunStopped', reason: verb })
  })

  it('keeps the source of a job that was cancelled meanwhile', async () => {
    const world = await setup()
    await wants('cancel', world)
    expect(await world.record.beginRemoval(removal)).toBe(false)
    expect((await world.store.get(world.claim.job.id))?.removal).toBeNull()
  })

  it('does not let a job fail that was cancelled meanwhile', async () => {
    const world = await setup()
    await wants('cancel', world)
    const error = { code: 'access_denied', message: 'no', ossCode: null, requestId: null } as const
    expect(await world.record.finish({ to: 'failed', error, receipt: null })).toBe(false)
    expect((await world.store.get(world.claim.job.id))?.state).toBe('cancelling')
  })

  it('reads the parts of a plan of many pages in order', async () => {
    const { record } = await setup()
    const many = Array.from({ length: 2_345 }, (_, index) => ({ partNumber: index + 1, offset: index, size: 1 }))
    await record.planUpload({ ...multipart, partSize: 1, partCount: many.length }, many)
    expect((await record.parts()).map((part) => part.partNumber)).toEqual(many.map((part) => part.partNumber))
  })
})
