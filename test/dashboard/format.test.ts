import { describe, expect, it } from 'vitest'
import {
  formatAgo,
  formatBytes,
  formatDuration,
  formatInstant,
  formatRate,
  plural,
} from '../../src/dashboard/text/format.js'

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [10_485_760, '10 MiB'],
    [999.6 * 1024, '0.98 MiB'],
    [1024 ** 4 * 48.8, '48.8 TiB'],
    [1024 ** 6 * 5, '5120 PiB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('read per second as a rate', () => {
    expect(formatRate(3 * 1024 * 1024)).toBe('3 MiB/s')
  })
})

describe('durations', () => {
  it.each([
    [0.2, '< 1 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3 * 3600 + 7 * 60, '3 h 07 min'],
    [2 * 86_400 + 4.5 * 3600, '2 d 4 h'],
  ])('%d seconds read %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})

describe('instants', () => {
  const now = new Date(2026, 10, 28, 12, 0, 0)
  const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString()

  it('of today are a time of day, of other days have their date', () => {
    expect(formatInstant(ago(60), now)).toBe('11:59:00')
    expect(formatInstant(ago(86_400), now)).toBe('27 Nov, 12:00:00')
    expect(formatInstant(ago(400 * 86_400), now)).toBe('24 Oct 2025, 12:00:00')
  })

  it.each([
    [2, 'just now'],
    [45, '45 s ago'],
    [240, '4 min ago'],
    [7200, '2 h ago'],
    [172_800, '26 Nov'],
  ])('%d seconds ago read %s', (seconds, text) => {
    expect(formatAgo(ago(seconds), now)).toBe(text)
  })
})

describe('counts', () => {
  it('agree with their noun', () => {
    expect([plural(1, 'part'), plural(1234, 'part'), plural(2, 'try', 'tries')]).toEqual([
      '1 part',
      '1,234 parts',
      '2 tries',
    ])
  })
})
