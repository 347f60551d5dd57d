/** A process full of readers gets this task. */
export interface ReaderTask {
  readonly url: string
  readonly readers: number
  /** So many of the readers connect and never read again. */
  readonly stalled: number
}

export type ReaderOrder =
  | { readonly kind: 'task'; readonly task: ReaderTask }
  /** The process answers once every watched reader has seen this job completed. */
  | { readonly kind: 'report'; readonly jobId: string }

/** The delays run from the instant in the event to its arrival at the watched readers, in milliseconds. */
export interface ReaderReport {
  readonly delays: readonly number[]
  /** What arrived came in so many pieces, as the mean of the watched readers: about one for each round of the daemon. */
  readonly pieces: number
  /** The daemon hung up on so many readers. */
  readonly cut: number
}

export type ReaderAnswer =
  | { readonly kind: 'connected' }
  | { readonly kind: 'report'; readonly report: ReaderReport }
  | { readonly kind: 'failed'; readonly reason: string }
