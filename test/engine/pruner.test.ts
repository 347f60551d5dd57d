import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { createPruner } from '../../src/engine/upkeep/pruner.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'
import { setupChores } from './chores-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const day = 86_400_000

/** Sets up a pruner over a store that has so many jobs to forget, on a clock whose wall can be moved. */
const setup = ({ backlog = 0, keepMs = 30 * day, open = true } = {}) => {
  const virtual = createVirtualClock()
  endings.push(() => virtual.stop())
  let wallAhead = 0
  let left = backlog
  const steps: { at: number; before: number; limit: number }[] = []
  const failures: Error[] = []
  const lines: string[] = []
  const write = (_fields: object, message: string) => void lines.push(message)
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  const pruner = createPruner({
    store: {
      // This store goes by the wall clock, as a store on the same machine does.
      prune: async ({ olderThanMs, limit }) => {
        const failure = failures.shift()
        if (failure !== undefined) throw failure
        steps.push({ at: virtual.monotonic(), before: virtual.now() + wallAhead - olderThanMs, limit })
        const jobs = Math.min(left, limit)
        left -= jobs
        return { jobs, events: 0, batches: 0 }
      },
    },
    storage: { opens: async () => open },
    chores: setupChores(virtual),
    clock: { ...virtual, now: () => virtual.now() + wallAhead },
    logger,
    keepMs,
  })
  endings.push(() => pruner.stop())
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise(setImmediate)
  }
  return {
    clock: virtual,
    pruner,
    steps,
    failures,
    lines,
    until,
    moveWall: (ms: number) => {
      wallAhead += ms
    },
    left: () => left,
  }
}

describe('the pruner', () => {
  it('goes on in small steps with pauses between them until nothing is left, and says so once', async () => {
    const { pruner, steps, until, left, lines } = setup({ backlog: 1000 })
    pruner.start()
    await until(() => left() === 0 && lines.length > 0)
    expect(steps.length).toBeGreaterThanOrEqual(6)
    expect(steps.slice(0, 6).map(({ limit }) => limit)).toEqual(Array(6).fill(200))
    expect(steps.slice(1, 6).every(({ at }, index) => at > (steps[index]?.at ?? 0))).toBe(true)
    expect(lines).toHaveLength(1)
  })

  it('looks again every hour for what became older than it is kept', async () => {
    const { clock, pruner, steps, until } = setup()
    const begun = clock.now()
    pruner.start()
    await until(() => steps.length === 3)
    expect(steps.map(({ at }) => at)).toEqual([0, 3_600_000, 7_200_000])
    expect(steps.map(({ before }) => before - begun + 30 * day)).toEqual([0, 3_600_000, 7_200_000])
  })

  it('looks more often where little is kept', async () => {
    const { pruner, steps, until } = setup({ keepMs: day / 24 })
    pruner.start()
    await until(() => steps.length === 2)
    expect(steps[1]?.at).toBe(day / 24 / 24)
  })

  it('forgets nothing early because the wall clock jumped ahead, and nothing at all while it stands behind', async () => {
    const { clock, pruner, steps, until, moveWall } = setup()
    const begun = clock.now()
    moveWall(365 * day)
    pruner.start()
    await until(() => steps.length === 2)
    // Both looks are at the pruner's own time: what it took for now when it was made, and what has passed since.
    expect(steps[1]?.before).toBe(begun + 3_600_000 - 30 * day)
    moveWall(-2 * 365 * day)
    await until(() => steps.length === 3)
    expect(steps[2]?.before).toBeLessThan(begun - 365 * day)
  })

  it('leaves the rest for later when the store fails', async () => {
    const { pruner, steps, failures, until, left } = setup({ backlog: 250 })
    failures.push(new AppError('storage_full', 'full'))
    pruner.start()
    await until(() => left() === 0)
    expect(steps[0]?.at).toBe(3_600_000)
  })

  it('asks nothing of a database that takes no writes', async () => {
    const { clock, pruner, steps } = setup({ backlog: 250, open: false })
    pruner.start()
    await clock.sleep(2 * 3_600_000)
    expect(steps).toEqual([])
  })

  it('stops at once and twice', async () => {
    const { clock, pruner, steps, until } = setup({ backlog: 1_000_000 })
    pruner.start()
    await until(() => steps.length === 2)
    await Promise.all([pruner.stop(), pruner.stop()])
    const { length } = steps
    await clock.sleep(7_200_000)
    expect(steps).toHaveLength(length)
  })
})
