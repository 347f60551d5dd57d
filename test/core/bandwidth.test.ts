import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bandwidthProblem, parseBandwidth, parseRate, rateAt, rateProblem } from '../../src/core/bandwidth.js'

const mib = 1024 * 1024
const at = (text: string, time: string) => {
  const bandwidth = parseBandwidth(text)
  if (bandwidth === null) throw new Error(`${text} is no bandwidth`)
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return rateAt(bandwidth, hours * 60 + minutes)
}

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

describe('A bandwidth', () => {
  it.each([
    ['50MiB', '00:00', 50 * mib],
    [' 1KiB ', '12:00', 1024],
    ['off', '23:59', null],
    ['08:00,10MiB 19:00,off', '08:00', 10 * mib],
    ['08:00,10MiB 19:00,off', '18:59', 10 * mib],
    ['08:00,10MiB 19:00,off', '19:00', null],
    ['08:00,10MiB 19:00,off', '07:59', null],
    ['19:00,off 08:00,10MiB', '12:00', 10 * mib],
    ['22:30,5MB', '01:00', 5_000_000],
  ])('%j is at %s %s', (text, time, rate) => {
    expect(at(text, time)).toBe(rate)
  })

  it.each([
    '',
    'fast',
    '0',
    '1023',
    '-1MiB',
    '2TiB',
    '08:00',
    '08:00,',
    '8:00,1MiB',
    '24:00,1MiB',
    '08:60,1MiB',
    '08:00,1MiB,19:00,off',
    '08:00,1MiB 08:00,off',
    '08:00,10B',
    'off off',
  ])('is not %j, and the sentence says what would be', (text) => {
    expect(parseBandwidth(text)).toBeNull()
    expect(bandwidthProblem(text)).toMatch(/50MiB.*off.*08:00,10MiB 19:00,off/)
  })

  it('holds at every minute what the last row before it says, by the day before where there is none', () => {
    const rows = fc.uniqueArray(fc.tuple(fc.nat(1439), fc.option(fc.integer({ min: 1024, max: 10 ** 9 }))), {
      minLength: 1,
      maxLength: 6,
      selector: ([minute]) => minute,
    })
    const clock = (minute: number): string =>
      [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')
    fc.assert(
      fc.property(rows, fc.nat(1439), (table, minute) => {
        const text = table.map(([from, rate]) => `${clock(from)},${rate ?? 'off'}`).join(' ')
        // This goes backwards minute by minute, over midnight.
        let found: number | null | undefined
        for (let back = 0; found === undefined; back++) {
          found = table.find(([from]) => from === (minute - back + 2880) % 1440)?.[1]
        }
        expect(at(text, clock(minute))).toBe(found)
      }),
      { seed, numRuns: 300 },
    )
  })
})

describe('The rate of a job', () => {
  it('is a size from 1KiB on, and nothing else', () => {
    expect(parseRate('20MiB')).toBe(20 * mib)
    expect(rateProblem('20MiB')).toBeNull()
    for (const text of ['off', '08:00,1MiB', '1', '']) expect(rateProblem(text)).toMatch(/20MiB/)
  })
})
