import { describe, expect, it } from 'vitest'
import { formatBytes, formatSeconds } from '../../src/cli/terminal/readable.js'

describe('numbers for people', () => {
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

  it.each([
    [0.42, '0.4 s'],
    [59.96, '1m 00s'],
    [125, '2m 05s'],
    [11_220, '3h 07m'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text)
  })
})
