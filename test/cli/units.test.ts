import { describe, expect, it } from 'vitest'
import { formatBytes, formatSeconds, parseDurationMs, parseSize } from '../../src/cli/units.js'

describe('sizes', () => {
  it.each([
    ['8388608', 8388608],
    ['8MiB', 8 * 1024 ** 2],
    ['8M', 8 * 1024 ** 2],
    ['8m', 8 * 1024 ** 2],
    ['8MB', 8_000_000],
    ['1.5 GiB', 1.5 * 1024 ** 3],
    ['100KiB', 102400],
    ['5b', 5],
    ['0', 0],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'MiB', '8X', '-8', '8 MiB x', '0.3', '1e3', '9999999999999TiB'])('refuses %j', (text) => {
    expect(parseSize(text)).toBeNull()
  })

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [256 * 1024 ** 2, '256.0 MiB'],
    [5 * 1024 ** 5, '5120.0 TiB'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

describe('durations', () => {
  it.each([
    ['30', 30_000],
    ['30s', 30_000],
    ['0.5s', 500],
    ['5m', 300_000],
    ['1h', 3_600_000],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  it.each(['', 's', '-1', '1d', '1h30m', 'soon'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeNull()
  })

  it.each([
    [0.42, '0.4 s'],
    [59.96, '1m 00s'],
    [125, '2m 05s'],
    [11_220, '3h 07m'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text)
  })
})
