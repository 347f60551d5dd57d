import { InvalidArgumentError } from 'commander'
import { rateProblem } from '../core/bandwidth.js'
import { type JobState, jobStates } from '../core/job.js'
import { parseDurationMs, parseSize } from '../core/units.js'

/**
 * These functions parse option values. Each throws InvalidArgumentError with a sentence that says what would be right.
 */

export const sizeValue = (text: string): number => {
  const bytes = parseSize(text)
  if (bytes === null) throw new InvalidArgumentError('Give bytes or a size like 8MiB, 8M (the same) or 8MB (decimal).')
  return bytes
}

/** Returns a rate in bytes per second as text. */
export const rateValue = (text: string): string => {
  const problem = rateProblem(text)
  if (problem !== null) throw new InvalidArgumentError(`It ${problem}.`)
  return text
}

export type SinceOption = { readonly at: string } | { readonly agoMs: number }

export const durationValue = (text: string): number => {
  const ms = parseDurationMs(text)
  if (ms === null) throw new InvalidArgumentError('Give seconds or a duration like 30s, 5m or 1h.')
  return ms
}

export const integerValue = (text: string): number => {
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('Give a whole number.')
  return value
}

export const countValue = (text: string): number => {
  const value = integerValue(text)
  if (value < 1) throw new InvalidArgumentError('Give a whole number from 1 on.')
  return value
}

export const instantValue = (text: string): string => {
  const at = Date.parse(text)
  if (Number.isNaN(at) || !/^\d{4}-/.test(text)) {
    throw new InvalidArgumentError('Give an instant like 2026-01-01T00:00:00Z.')
  }
  return new Date(at).toISOString()
}

/** Parses an instant, or a duration as so many milliseconds ago. */
export const sinceValue = (text: string): SinceOption => {
  const agoMs = parseDurationMs(text)
  return agoMs === null ? { at: instantValue(text) } : { agoMs }
}

/** Parses `k=v`, which may be repeated and is split at the first `=`. */
export const labelValue = (text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> => {
  const split = text.indexOf('=')
  if (split < 1) throw new InvalidArgumentError('Give a label as key=value.')
  return Object.fromEntries([...Object.entries(previous), [text.slice(0, split), text.slice(split + 1)]])
}

/** Parses a glob, which may be repeated. */
export const patternValue = (text: string, previous: readonly string[] = []): string[] => [...previous, text]

/** Parses `k=v` or `k` as a filter, which may be repeated. */
export const labelFilterValue = (text: string, previous: readonly string[] = []): string[] => {
  if (text === '' || text.startsWith('=')) throw new InvalidArgumentError('Give a label as key=value or key.')
  return [...previous, text]
}

/** Parses `Name: value`, which may be repeated. */
export const headerValue = (text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> => {
  const split = text.indexOf(':')
  if (split < 1) throw new InvalidArgumentError("Give a header as 'Name: value'.")
  return Object.fromEntries([...Object.entries(previous), [text.slice(0, split).trim(), text.slice(split + 1).trim()]])
}

const isJobState = (text: string): text is JobState => (jobStates as readonly string[]).includes(text)

/** Parses states, which may be repeated or separated by commas. */
export const stateValue = (text: string, previous: readonly JobState[] = []): JobState[] => {
  const states = text.split(',')
  if (!states.every(isJobState)) throw new InvalidArgumentError(`Give states out of ${jobStates.join(', ')}.`)
  return [...previous, ...states]
}
