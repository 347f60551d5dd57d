import { describe, expect, it } from 'vitest'
import { createTrafficHistory } from '../../src/engine/metering/traffic-history.js'

const minute = 60_000
const hour = 60 * minute
const start = Date.parse('2026-01-01T00:00:00.000Z')

const setup = () => {
  let monotonic = 50_000
  let wall = start
  const history = createTrafficHistory({ now: () => wall, monotonic: () => monotonic })
  return {
    history,
    pass: (ms: number): void => {
      monotonic += ms
      wall += ms
    },
    setClock: (ms: number): void => {
      wall += ms
    },
  }
}

describe('TrafficHistory', () => {
  it('tells each second of some minutes', () => {
    const { history, pass } = setup()
    history.moved(300)
    pass(500)
    history.moved(100)
    history.settled({ state: 'completed' })
    history.settled({ state: 'failed' })
    history.settled({ state: 'cancelled' })
    pass(2_500)
    history.moved(50)
    const { stepSeconds, steps } = history.read(5 * minute)
    expect(stepSeconds).toBe(1)
    expect(steps).toEqual([
      { at: start, bytesPerSecond: 400, filesPerSecond: 1, failed: 1 },
      { at: start + 1000, bytesPerSecond: 0, filesPerSecond: 0, failed: 0 },
      { at: start + 2000, bytesPerSecond: 0, filesPerSecond: 0, failed: 0 },
      { at: start + 3000, bytesPerSecond: 50, filesPerSecond: 0, failed: 0 },
    ])
  })

  it('tells an hour in steps of ten seconds, each a mean of its own', () => {
    const { history, pass } = setup()
    for (let second = 0; second < 3600; second++) {
      history.moved(1000)
      if (second % 4 === 0) history.settled({ state: 'completed' })
      pass(1000)
    }
    const { stepSeconds, steps } = history.read(hour)
    expect(stepSeconds).toBe(10)
    expect(steps.length).toBe(361)
    expect(new Set(steps.slice(0, -1).map(({ bytesPerSecond }) => bytesPerSecond))).toEqual(new Set([1000]))
    const files = steps.slice(0, -1).map(({ filesPerSecond }) => filesPerSecond)
    expect(files.reduce((sum, rate) => sum + rate, 0) * 10).toBeCloseTo(900, 0)
  })

  it('begins with the daemon, and forgets what is older than an hour', () => {
    const { history, pass } = setup()
    expect(history.read(hour).steps.length).toBe(1)
    history.moved(1_000_000)
    pass(hour - 1000)
    expect(history.read(hour).steps.some(({ bytesPerSecond }) => bytesPerSecond > 0)).toBe(true)
    pass(11_000)
    expect(history.read(hour).steps.some(({ bytesPerSecond }) => bytesPerSecond > 0)).toBe(false)
    history.moved(70)
    pass(10 * hour)
    expect(history.read(5 * minute).steps.every(({ bytesPerSecond }) => bytesPerSecond === 0)).toBe(true)
  })

  it('gives the steps of two answers the same instants, so that they can be laid over each other', () => {
    const { history, pass } = setup()
    pass(7 * minute + 300)
    const before = new Set(history.read(hour).steps.map(({ at }) => at))
    pass(3_700)
    const after = history.read(hour).steps.map(({ at }) => at)
    expect(after.filter((at) => !before.has(at)).length).toBeLessThanOrEqual(1)
  })

  it('is not confused by a wall clock that is set', () => {
    const { history, pass, setClock } = setup()
    history.moved(500)
    pass(1000)
    setClock(-24 * hour)
    history.moved(40)
    const { steps } = history.read(5 * minute)
    expect(steps.map(({ bytesPerSecond }) => bytesPerSecond)).toEqual([500, 40])
    expect(steps.at(-1)?.at).toBe(start + 1000 - 24 * hour)
  })
})
