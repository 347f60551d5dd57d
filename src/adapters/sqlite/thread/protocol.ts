import type { Page } from '../../../ports/page.js'
import type { Store } from '../../../ports/store.js'
import type { StoreOperation } from '../../../ports/store-operations.js'
import type { WakeupTopic } from '../../../ports/wakeup.js'
import type { ErrorData } from '../files/medium-error.js'
import type { StoreExitCode } from '../files/store-open-error.js'

/** What the store's thread and its proxy say to each other. Everything here survives structured cloning. */

/** What crosses between the threads in another shape than the port gives it. */
interface Carried {
  /** Each job is a text, as packed-jobs.ts makes and reads it. */
  readonly list: Page<string>
}

export type Carries<Name extends StoreOperation> = Name extends keyof Carried
  ? Carried[Name]
  : Awaited<ReturnType<Store[Name]>>

/** The port as the thread carries it out: synchronous, within a transaction, at an instant that the caller's clock gave. */
export type Operations<K extends StoreOperation = StoreOperation> = {
  readonly [Name in K]: (at: number, ...args: Parameters<Store[Name]>) => Carries<Name>
}

export interface Request {
  readonly id: number
  readonly operation: StoreOperation
  readonly at: number
  /** The caller's wall clock less its monotonic one, in milliseconds: it changes when the wall clock is set. */
  readonly wallOffset: number
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorData }

export interface ThreadSettings {
  readonly directory: string
  readonly at: number
}

/** What is said to the thread: requests in the order of their calls, or `close` after the last of them. */
export type ToThread = readonly Request[] | 'close'

/** What the opening found, for the log. */
export interface OpenedReport {
  readonly schemaVersion: number
  readonly migrated: boolean
  /** The last daemon was killed, so the whole file was checked. */
  readonly checkedAfterCrash: boolean
  readonly releasedLeases: number
  /** What is odd but no reason to refuse. */
  readonly warnings: readonly string[]
}

/** Why the store cannot go on. The message is for people; the process exits with `exitCode`. */
export interface StoreFailure {
  readonly exitCode: StoreExitCode
  readonly message: string
}

/**
 * What the thread says. `answers` holds everything that one COMMIT made durable, and `topics` the listeners whom that concerns
 * whatever was asked. After `failed` nothing more comes.
 */
export type FromThread =
  | { readonly kind: 'opened'; readonly report: OpenedReport }
  | ({ readonly kind: 'refused' | 'failed' } & StoreFailure)
  | { readonly kind: 'answers'; readonly answers: readonly Answer[]; readonly topics: readonly WakeupTopic[] }
