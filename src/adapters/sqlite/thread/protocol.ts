import type { Page } from '../../../ports/page.js'
import type { SubmitResult } from '../../../ports/queue-store.js'
import type { Store } from '../../../ports/store.js'
import type { StoreOperation } from '../../../ports/store-operations.js'
import type { WakeupTopic } from '../../../ports/wakeup.js'
import type { ErrorData } from '../files/medium-error.js'
import type { StoreExitCode } from '../files/store-open-error.js'

/** The store's thread and its proxy send each other these messages. Everything here survives structured cloning. */

/** These answers cross between the threads in another shape than the port gives them. */
interface Carried {
  /** The caller makes the job that was made: `createJob` says it of the request and the instant. */
  readonly submit: Exclude<SubmitResult, { readonly kind: 'created' }> | { readonly kind: 'created' }
  /** Each job is a text, as packed-jobs.ts makes and reads it. */
  readonly list: Page<string>
}

export type Carries<Name extends StoreOperation> = Name extends keyof Carried
  ? Carried[Name]
  : Awaited<ReturnType<Store[Name]>>

/**
 * The thread carries out the port in this form: synchronously, within a transaction, at an instant that the caller's
 * clock gave.
 */
export type Operations<K extends StoreOperation = StoreOperation> = {
  readonly [Name in K]: (at: number, ...args: Parameters<Store[Name]>) => Carries<Name>
}

export interface Request {
  readonly id: number
  readonly operation: StoreOperation
  readonly at: number
  /** This is the caller's wall clock less its monotonic one, in milliseconds. It changes when the wall clock is set. */
  readonly wallOffset: number
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorData }

export interface ThreadSettings {
  readonly directory: string
  /** The node that the database belongs to from now on. */
  readonly node: string
  readonly at: number
}

/** The thread is sent requests in the order of their calls, or `close` after the last of them. */
export type ToThread = readonly Request[] | 'close'

/** This is what the opening found, for the log. */
export interface OpenedReport {
  readonly schemaVersion: number
  readonly migrated: boolean
  /** It is true when the last daemon was killed, so that the whole file was checked. */
  readonly checkedAfterCrash: boolean
  readonly releasedLeases: number
  /** The warnings say what is odd but no reason to refuse. */
  readonly warnings: readonly string[]
}

/** This says why the store cannot go on. The message is for people; the process exits with `exitCode`. */
export interface StoreFailure {
  readonly exitCode: StoreExitCode
  readonly message: string
}

/**
 * The thread sends these messages. `answers` holds everything that one COMMIT made durable, and `topics` the listeners
 * that this concerns, whatever was asked. Nothing more comes after `failed`.
 */
export type FromThread =
  | { readonly kind: 'opened'; readonly report: OpenedReport }
  | ({ readonly kind: 'refused' | 'failed' } & StoreFailure)
  | { readonly kind: 'answers'; readonly answers: readonly Answer[]; readonly topics: readonly WakeupTopic[] }
