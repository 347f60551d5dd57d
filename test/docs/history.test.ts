import { describe, expect, it } from 'vitest'
import { type Entry, historyText, newestOf, readHistory } from '../../bench/history/history.js'
import { historyPage } from '../../bench/history/page.js'
import { historyPicture } from '../../bench/history/picture.js'

/*
 * `npx vitest run test/docs/history.test.ts --update` writes docs/explanation/performance-history.md and .svg anew;
 * `npm test` compares them.
 */

const file = 'bench/history.json'

const setup = async () => ({ entries: await readHistory(file) })

const entry = (own: Partial<Entry>): Entry => ({
  ...{ id: 'P5', what: 'Longshore, warm', value: 1000, unit: 'files/s', ratio: { 'ali-oss': 2 } },
  ...{ cpu: 0.3, cpuUnit: 'ms/file', cpuRatio: { 'ali-oss': 0.5 }, form: 'full', sizes: '5 rounds' },
  ...{ date: '2026-12-01', commit: 'abc1234', load: 'nothing else ran' },
  machine: { cpu: 'A CPU', cores: 2, memoryGib: 24, node: 'v20.20.2' },
  ...own,
})

describe('the history of figures', () => {
  it('stands on its page and in its picture as it is in the file', async () => {
    const { entries } = await setup()
    await expect(historyPage(entries)).toMatchFileSnapshot('../../docs/explanation/performance-history.md')
    await expect(historyPicture(entries)).toMatchFileSnapshot('../../docs/explanation/performance-history.svg')
  })

  it('says of each figure when, on what and beside what load it was measured, in the order of time', async () => {
    const { entries } = await setup()
    expect(entries.length).toBeGreaterThan(0)
    for (const { id, date, commit, load, sizes, machine, value } of entries) {
      expect(id).toMatch(/^P\d+$/)
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/)
      expect(commit).toMatch(/^[0-9a-f]{7,}/)
      expect([load, sizes, machine.cpu, machine.node].every((text) => text.length > 3)).toBe(true)
      expect(Number.isFinite(value)).toBe(true)
    }
    const dates = entries.map(({ date }) => date)
    expect(dates).toEqual(dates.toSorted())
  })

  it('is written with a line for each entry, and read as it was', () => {
    const entries = [entry({}), entry({ what: 'Longshore' })]
    expect(historyText(entries).trimEnd().split('\n')).toHaveLength(4)
    expect(JSON.parse(historyText(entries))).toEqual(entries)
  })

  it('has the newest of a figure and form at its end', () => {
    const entries = [
      entry({ cpu: 1 }),
      entry({ cpu: 2 }),
      entry({ cpu: 3, form: 'quick' }),
      entry({ id: 'P6', cpu: 4 }),
    ]
    expect(newestOf(entries, entry({}), 'full')?.cpu).toBe(2)
    expect(newestOf(entries, entry({}), 'quick')?.cpu).toBe(3)
    expect(newestOf(entries, entry({ what: 'another' }), 'full')).toBeNull()
  })

  it('shows a figure with its run, and a loss as a dot that is higher than the line of one', () => {
    const page = historyPage([entry({}), entry({ cpu: 0.9, cpuRatio: { 'ali-oss': 1.5 }, date: '2026-12-02' })])
    expect(page).toContain(
      '| Longshore, warm | 2026-12-02 (2) | 1,000 files/s | 2 x ali-oss | 0.9 ms/file | 1.5 x ali-oss |',
    )
    const picture = (cost: number): string => historyPicture([entry({ cpuRatio: { 'ali-oss': cost } })])
    const heightOf = (cost: number): number => Number(/cy="([\d.]+)" r="4" fill="#d97706"/.exec(picture(cost))?.[1])
    expect(heightOf(1.5)).toBeLessThan(heightOf(0.5))
  })
})
