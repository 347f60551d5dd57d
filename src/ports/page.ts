export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; null at the end. A filtered page may be short and still have one. */
  readonly nextCursor: string | null
}

export interface PageRequest {
  readonly limit: number
  /** From `nextCursor`; null for the first page. Adapters throw AppError `invalid_request` when it is not one of theirs. */
  readonly cursor: string | null
}
