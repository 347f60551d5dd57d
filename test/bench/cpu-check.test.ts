import { describe, expect, it } from 'vitest'
import { judgeCpu } from '../../bench/history/cpu-check.js'
import type { Entry } from '../../bench/history/history.js'
import { figuresOf } from '../../bench/report/figures.js'
import { type CaseResult, rowOf } from '../../bench/report/measurement.js'

const resultOf = (cpus: readonly number[], cpuUnit = 'ms/file'): CaseResult => ({
  id: 'P5',
  title: 'P5: files',
  cpuUnit,
  rows: [
    rowOf(
      'Longshore',
      'files/s',
      cpus.map((cpu) => ({ value: 1000, cpu, peakRssMib: null })),
    ),
    rowOf('ali-oss', 'files/s', [{ value: 500, cpu: 0.8, peakRssMib: null }]),
  ],
  goals: [
    {
      id: 'P5',
      what: 'Longshore beside ali-oss',
      measured: 2,
      unit: 'x',
      atLeast: '1.5',
      moonshot: '2',
      isOfRow: true,
    },
    { id: 'P4', what: 'at the most', measured: 140, unit: 'MB', atLeast: '150', moonshot: '110' },
  ],
  notes: [],
})

const recorded = (cpu: number, own: Partial<Entry> = {}): Entry => {
  const [figure] = figuresOf(resultOf([cpu]))
  if (figure === undefined) throw new Error('no figure')
  const machine = { cpu: 'A CPU', cores: 2, memoryGib: 24, node: 'v20.20.2' }
  return { ...figure, form: 'quick', sizes: '', date: '2026-12-01', commit: 'abc1234', load: '', machine, ...own }
}

const textOf = (results: readonly CaseResult[], history: readonly Entry[]): string =>
  judgeCpu(results, history)
    .map(({ ok, text }) => `${ok ? 'fine' : 'FAILED'}: ${text}`)
    .join('\n')

describe('the check of CPU', () => {
  it('passes up to twice what is recorded, by the least of the rounds', () => {
    expect(textOf([resultOf([0.6, 1.9])], [recorded(0.3)])).toMatch(/^fine: P5 Longshore: 0.6 ms\/file .* 2.00 times/)
    expect(textOf([resultOf([0.1])], [recorded(0.3)])).toMatch(/^fine/)
  })

  it('fails beyond, and says what was measured, what is recorded and how to record anew', () => {
    const text = textOf([resultOf([0.61, 0.7])], [recorded(0.3)])
    expect(text).toMatch(/^FAILED: P5 Longshore: 0.61 ms\/file of the daemon's CPU, 2.03 times the 0.3 recorded on/)
    expect(text).toContain('on 2026-12-01 at abc1234')
    expect(text).toContain('2 x A CPU, Node.js v20.20.2')
    expect(text).toContain('npm run bench -- p1 p5 --quick --record')
  })

  it('fails when nothing is recorded in the quick form, and when the units differ', () => {
    expect(textOf([resultOf([0.1])], [])).toMatch(/^FAILED: .*no CPU is recorded/)
    expect(textOf([resultOf([0.1])], [recorded(0.3, { form: 'full' })])).toMatch(/^FAILED: .*no CPU is recorded/)
    expect(textOf([resultOf([0.1], 'us/file')], [recorded(0.3)])).toMatch(/^FAILED: .*ms\/file is recorded/)
  })

  it('judges by the newest record', () => {
    expect(textOf([resultOf([0.7])], [recorded(0.1), recorded(0.4)])).toMatch(/^fine/)
    expect(textOf([resultOf([0.7])], [recorded(0.4), recorded(0.1)])).toMatch(/^FAILED/)
  })
})

describe('the figures of a case', () => {
  it('are the rows of Longshore beside their peers, and the goals that no row says', () => {
    const figures = figuresOf(resultOf([0.4]))
    expect(figures.map(({ id, what }) => `${id} ${what}`)).toEqual(['P5 Longshore', 'P4 at the most'])
    expect(figures[0]).toMatchObject({ value: 1000, ratio: { 'ali-oss': 2 }, cpu: 0.4, cpuRatio: { 'ali-oss': 0.5 } })
    expect(figures[1]).toMatchObject({ value: 140, unit: 'MB', ratio: {}, cpu: null })
  })
})
