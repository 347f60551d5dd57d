/** What a process full of readers is told to do. */
export interface ReaderTask {
  readonly url: string
  readonly readers: number
  /** Of them: connected, and never read again. */
  readonly stalled: number
}

export type ReaderOrder =
  | { readonly kind: 'task'; readonly task: ReaderTask }
  /** Answer once every watched reader has seen this job completed. */
  | { readonly kind: 'report'; readonly jobId: string }

/** Of the events that the watched readers got, from the instant in the event to its arrival, in milliseconds. */
export interface ReaderReport {
  readonly delays: readonly number[]
  /** Readers that the daemon hung up on. */
  readonly cut: number
}

export type ReaderAnswer =
  | { readonly kind: 'connected' }
  | { readonly kind: 'report'; readonly report: ReaderReport }
  | { readonly kind: 'failed'; readonly reason: string }
