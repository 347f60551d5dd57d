import { Failure, type FailureKind, type JobErrorCode } from '../../../core/failure.js'
import {
  type Answer,
  ExchangeError,
  type ExchangePhase,
  type ExchangeRequest,
  type ProxyTrouble,
} from '../wire/exchange.js'
import type { PoolSettings } from './data-path.js'
import type { FileReport, FilesOrder } from './send-files.js'
import type { RangeSent, RangeToSend } from './send-range.js'

/**
 * A lane and the thread that directs it send each other these messages. Everything here survives structured cloning.
 */

/** The proxies stand here as text, because a URL does not survive structured cloning. */
export interface LaneSettings {
  readonly httpProxy: string | null
  readonly httpsProxy: string | null
  readonly noProxy: readonly string[]
  readonly ca: string | null
  /** This memory says how fast bytes may be sent. */
  readonly pace: SharedArrayBuffer
  /** The lane may have so many reads in flight. */
  readonly mostReads: number
  /** The lane adds this to the nice value of its thread. */
  readonly nice: number
}

export type Order =
  | { readonly do: 'open'; readonly pool: number; readonly settings: PoolSettings }
  | { readonly do: 'shut'; readonly pool: number }
  | {
      readonly do: 'send'
      readonly id: number
      readonly pool: number
      readonly request: ExchangeRequest
      readonly range: RangeToSend
      /** The lane must ask with `confirm` before it sends the last bytes. */
      readonly confirms: boolean
      readonly account: number
    }
  | { readonly do: 'files'; readonly id: number; readonly pool: number; readonly order: FilesOrder }
  | { readonly do: 'hash'; readonly id: number; readonly range: RangeToSend; readonly by: 'crc64' | 'md5' }
  | { readonly do: 'go_on'; readonly id: number; readonly confirmed: boolean }
  | { readonly do: 'abort'; readonly id: number }
  /** This is the last order. The thread ends once nothing of it is in flight. */
  | { readonly do: 'end' }

export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'progress'; readonly id: number; readonly bytesSent: number }
  | { readonly is: 'confirm'; readonly id: number }
  /**
   * A read from this descriptor gets no answer and is given up. This report comes before the reports of the orders that
   * fail because of it.
   */
  | { readonly is: 'stuck'; readonly fd: number }
  /** A read that was given up has been answered. */
  | { readonly is: 'unstuck'; readonly fd: number }
  /**
   * After one of these reports nothing reads from the descriptor of the order any more, except reads that are stuck.
   */
  | { readonly is: 'sent'; readonly id: number; readonly sent: RangeSent }
  | { readonly is: 'filed'; readonly id: number; readonly reports: readonly FileReport[] }
  | { readonly is: 'hashed'; readonly id: number; readonly digest: string }
  | { readonly is: 'failed'; readonly id: number; readonly error: LaneError }

export type LaneError =
  | {
      readonly kind: 'exchange'
      readonly errno: string
      readonly phase: ExchangePhase
      readonly answer: Answer | null
      readonly proxy: ProxyTrouble | null
    }
  | {
      readonly kind: 'failure'
      readonly failure: FailureKind
      readonly message: string
      readonly code: JobErrorCode | null
    }
  /** The order stopped as it was asked to: by an abort, or because it was not confirmed. */
  | { readonly kind: 'stopped' }
  /** The error is a bug. */
  | { readonly kind: 'other'; readonly message: string }

/** This error ends an order in its lane. The other side knows why. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

export const describeError = (error: unknown): LaneError => {
  if (error instanceof Stopped) return { kind: 'stopped' }
  if (error instanceof ExchangeError) {
    const { errno, phase, answer, proxy } = error
    return { kind: 'exchange', errno, phase, answer, proxy }
  }
  if (error instanceof Failure) {
    return { kind: 'failure', failure: error.kind, message: error.message, code: error.code }
  }
  return { kind: 'other', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

/** Returns the error of an order, or null when only the other side knows why it stopped. */
export const errorFrom = (error: LaneError): Error | null => {
  switch (error.kind) {
    case 'exchange':
      return new ExchangeError(error.errno, error.phase, error.answer, error.proxy)
    case 'failure':
      return new Failure(error.failure, error.message, error.code === null ? {} : { code: error.code })
    case 'stopped':
      return null
    case 'other':
      return new Error(`A lane failed: ${error.message}`)
  }
}
