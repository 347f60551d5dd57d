import { describe, expect, it } from 'vitest'
import {
  type Contender,
  goalAgainst,
  longshore,
  roundsOf,
  runInTurn,
  spreadOf,
} from '../../bench/report/measurement.js'
import { reportOf } from '../../bench/report/tables.js'

const setup = (values: Readonly<Record<string, readonly (number | Error)[]>>, optional: readonly string[] = []) => {
  const order: string[] = []
  const contenders = Object.entries(values).map(
    ([name, runs]): Contender => ({
      name,
      optional: optional.includes(name),
      async run(round) {
        order.push(name)
        const value = runs[round - 1] ?? 0
        if (value instanceof Error) throw value
        return { value, cpu: value * 2, peakRssMib: null }
      },
    }),
  )
  return { order, run: () => runInTurn(contenders, [1, 2, 3], 'MiB/s', () => {}) }
}

describe('the measurement', () => {
  it('takes the middle of an odd and of an even number of values', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ min: 1, median: 5, max: 9 })
    expect(spreadOf([8, 1, 4, 2])).toEqual({ min: 1, median: 3, max: 8 })
  })

  it('makes all rounds, but only two of a quick run on a machine that is too busy for more', () => {
    const roundsAt = (msOfRound: number, quick: boolean) => {
      const said: string[] = []
      let at = 0
      const rounds: number[] = []
      for (const round of roundsOf({ rounds: 4, quick, say: (text) => said.push(text) }, () => at)) {
        rounds.push(round)
        at += msOfRound
      }
      return { rounds, said }
    }
    expect(roundsAt(60_000, false)).toEqual({ rounds: [1, 2, 3, 4], said: [] })
    expect(roundsAt(10_000, true)).toEqual({ rounds: [1, 2, 3, 4], said: [] })
    expect(roundsAt(60_000, true)).toEqual({ rounds: [1, 2], said: ['  no round 3, because the others took 120 s'] })
    expect(roundsAt(20_000, true).rounds).toEqual([1, 2, 3])
  })

  it('lets contenders run in turn', async () => {
    const { order, run } = setup({ a: [1, 2, 3], b: [4, 5, 6] })
    await run()
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('drops a peer that fails and goes on with the others', async () => {
    const { order, run } = setup({ a: [1, 2, 3], b: [4, new Error('gone'), 6] }, ['b'])
    expect((await run()).map(({ name }) => name)).toEqual(['a'])
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a'])
  })

  it('fails when a contender does that must not be missing', async () => {
    await expect(setup({ a: [new Error('gone')] }).run()).rejects.toThrow('gone')
  })

  it('sets medians against those of a peer, and says nothing of a peer that did not run', async () => {
    const rows = await setup({ [longshore]: [30, 10, 20], peer: [5, 10, 20] }).run()
    const goal = { id: 'P1', atLeast: '1', moonshot: '2' }
    expect(goalAgainst(rows, 'peer', goal)).toEqual([
      { ...goal, what: 'Longshore beside peer', measured: 2, unit: 'x', isOfRow: true },
    ])
    expect(goalAgainst(rows, 'nobody', goal)).toEqual([])
  })

  it('writes rows and goals as tables', async () => {
    const rows = await setup({ [longshore]: [30, 10, 20] }).run()
    const goals = [{ id: 'P1', what: 'beside peer', measured: 2, unit: 'x', atLeast: '1', moonshot: '2' }]
    const report = reportOf({ id: 'P1', title: 'One', cpuUnit: 's', rows, goals, notes: ['Quiet.'] })
    expect(report).toContain('| Longshore | 20.0 (10.0..30.0) MiB/s | 40.0 (20.0..60.0) |  |')
    expect(report).toContain('| P1 | beside peer | 2.00 x | 1 | 2 |')
    expect(report.endsWith('Quiet.')).toBe(true)
  })
})
