import { parseSize } from './units.js'

/** A rate in bytes per second. Null means that nothing limits it. */
export type Rate = number | null

/**
 * A lower rate is more likely a slip than what was meant, and its smallest write would hold up everybody else for
 * seconds.
 */
export const minRate = 1024
export const maxRate = 1024 ** 4

/** This rate holds from this minute of the day on (0..1439). */
export interface BandwidthRow {
  readonly fromMinute: number
  readonly rate: Rate
}

/**
 * The rates by the time of the day, in the order of their times. There is at least one row, and the last one holds
 * until the first one of the next day.
 */
export type Bandwidth = readonly BandwidthRow[]

export const unlimited: Bandwidth = [{ fromMinute: 0, rate: null }]

/** Returns the bytes per second of a size like `20MiB`, or null when it is none or out of bounds. */
export const parseRate = (text: string): number | null => {
  const rate = parseSize(text)
  return rate === null || rate < minRate || rate > maxRate ? null : rate
}

/** Returns a sentence that continues the name of the field, or null when the text is fine. */
export const rateProblem = (text: string): string | null =>
  parseRate(text) === null ? 'must be a size for a second from 1KiB to 1TiB, like 20MiB' : null

/** This word means that there is no limit. */
export const isOff = (text: string): boolean => text.trim() === 'off'

const parseLimit = (text: string): Rate | undefined => (isOff(text) ? null : (parseRate(text) ?? undefined))

const parseRow = (text: string): BandwidthRow | null => {
  const [, hours, minutes, limit] = /^([01]\d|2[0-3]):([0-5]\d),(\S+)$/.exec(text) ?? []
  const rate = limit === undefined ? undefined : parseLimit(limit)
  return rate === undefined ? null : { fromMinute: Number(hours) * 60 + Number(minutes), rate }
}

/**
 * Reads `50MiB` (per second), `off`, or a timetable like `08:00,10MiB 19:00,off`. Returns null when it is none of them.
 */
export const parseBandwidth = (text: string): Bandwidth | null => {
  const trimmed = text.trim()
  const rate = parseLimit(trimmed)
  if (rate !== undefined) return [{ fromMinute: 0, rate }]
  const rows = trimmed.split(/\s+/).map(parseRow)
  const good = rows.filter((row) => row !== null).sort((a, b) => a.fromMinute - b.fromMinute)
  const isClear = new Set(good.map(({ fromMinute }) => fromMinute)).size === rows.length
  return isClear ? good : null
}

export const bandwidthProblem = (text: string): string | null =>
  parseBandwidth(text) === null
    ? 'must be a size for a second like 50MiB (from 1KiB to 1TiB), off, or a timetable like 08:00,10MiB 19:00,off'
    : null

/** Returns the rate that holds at a minute of the day. */
export const rateAt = (bandwidth: Bandwidth, minute: number): Rate => {
  const row = bandwidth.findLast(({ fromMinute }) => fromMinute <= minute) ?? bandwidth.at(-1)
  return row?.rate ?? null
}
