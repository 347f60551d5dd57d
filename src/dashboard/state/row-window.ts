interface View {
  /** Pixels of the rows' box that are scrolled away above. */
  readonly top: number
  /** Pixels in sight. */
  readonly height: number
  /** Pixels of one row. */
  readonly row: number
  readonly count: number
  /** Rows kept beyond the edges, so that moving a little shows no gap. */
  readonly ahead: number
}

/** The rows that have to be in the document: `first` up to but without `last`. */
export const windowOf = ({
  top,
  height,
  row,
  count,
  ahead,
}: View): { readonly first: number; readonly last: number } => {
  const last = Math.min(count, Math.ceil((top + height) / row) + ahead)
  return { first: Math.max(0, Math.min(Math.floor(top / row) - ahead, last)), last }
}
