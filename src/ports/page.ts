export interface Page<T> {
  readonly items: readonly T[]
  /**
   * The cursor of the next page; null at the end. It means something only to the store. A filtered page may be short
   * and still have one.
   */
  readonly nextCursor: string | null
}

export interface PageRequest {
  readonly limit: number
  /**
   * A `nextCursor`, or null for the first page. Adapters throw AppError `invalid_request` when it is not one of theirs.
   */
  readonly cursor: string | null
}
