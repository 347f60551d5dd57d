import type { IncomingHttpHeaders } from 'node:http'
import type { OperationName } from './operation-name.js'

export const alteredAnswers = [
  'no-etag',
  'no-crc',
  'wrong-crc',
  'wrong-etag',
  'empty-200',
  'error-200',
  'truncated-xml',
] as const
export type AlteredAnswer = (typeof alteredAnswers)[number]

/**
 * A fault says what goes wrong. `status`, `reset` and `expired-token` store nothing. With `lost-answer` and `answer`
 * the call takes effect first.
 */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      /** This is OSS's error code. The default is InternalError or ServiceUnavailable. */
      readonly code?: string
      /** The default is `xml`. */
      readonly body?: 'xml' | 'html' | 'empty'
      readonly headers?: Readonly<Record<string, string>>
      /** The default is `before-body`. */
      readonly when?: 'before-body' | 'after-body'
    }
  | { readonly kind: 'reset'; readonly at: 'before-body' | 'mid-body' | 'after-body' }
  | { readonly kind: 'lost-answer' }
  | { readonly kind: 'stall'; readonly at: 'before-body' | 'before-answer' | 'mid-answer' }
  /**
   * By default the delay comes before the body is read. With `before-answer` the call has taken effect, and its answer
   * is held.
   */
  | { readonly kind: 'delay'; readonly ms: number; readonly at?: 'before-body' | 'before-answer' }
  | { readonly kind: 'answer'; readonly change: AlteredAnswer }
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'forget-upload' }
  | { readonly kind: 'expired-token' }
  | { readonly kind: 'skewed'; readonly offsetMs: number }

/** A rule says which calls go wrong, and how. */
export interface FaultRule {
  readonly operation?: OperationName
  readonly bucket?: string
  readonly key?: string
  readonly partNumber?: number
  /**
   * The rule holds only for requests that lack this header (in lower case). With it a bucket can make its requesters
   * pay.
   */
  readonly without?: string
  /** The rule starts with the n-th matching call from now, counted from 1. The default is 1. */
  readonly nth?: number
  /** The fault happens so many times, or forever when this is null. The default is once. */
  readonly times?: number | null
  /** This is the chance of each call from the n-th on, 0..1, drawn from `seed`. The default is 1. */
  readonly probability?: number
  readonly seed?: number
  readonly fault: Fault
}

/** A rule is compared with this request. */
export interface FaultSubject {
  readonly operation: OperationName
  readonly bucket: string | null
  readonly key: string | null
  readonly partNumber: number | null
  readonly headers: IncomingHttpHeaders
}

export interface Faults {
  /** Returns the ids of the rules, in their order. */
  add(rules: readonly FaultRule[]): readonly string[]
  clear(): void
  /**
   * Returns the fault of this call, or null. Every matching rule counts the call. The first rule that is due is the one
   * that fires.
   */
  next(subject: FaultSubject): Fault | null
}

/** Returns a Mulberry32 generator, which is small, and the same everywhere for the same seed. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const matches = (rule: FaultRule, subject: FaultSubject): boolean =>
  (rule.operation === undefined || rule.operation === subject.operation) &&
  (rule.bucket === undefined || rule.bucket === subject.bucket) &&
  (rule.key === undefined || rule.key === subject.key) &&
  (rule.partNumber === undefined || rule.partNumber === subject.partNumber) &&
  (rule.without === undefined || subject.headers[rule.without] === undefined)

export const createFaults = (): Faults => {
  let active: { rule: FaultRule; seen: number; left: number; random: () => number }[] = []
  let lastId = 0

  return {
    add(rules) {
      return rules.map((rule) => {
        const left = rule.times === null ? Number.POSITIVE_INFINITY : (rule.times ?? 1)
        active.push({ rule, seen: 0, left, random: randomFrom(rule.seed ?? 1) })
        lastId += 1
        return String(lastId)
      })
    },
    clear() {
      active = []
    },
    next(subject) {
      let chosen: Fault | null = null
      for (const entry of active) {
        if (!matches(entry.rule, subject)) continue
        entry.seen += 1
        if (chosen !== null || entry.left <= 0 || entry.seen < (entry.rule.nth ?? 1)) continue
        if (entry.random() >= (entry.rule.probability ?? 1)) continue
        entry.left -= 1
        chosen = entry.rule.fault
      }
      return chosen
    },
  }
}
