interface View {
  /** This many pixels of the rows' box are scrolled away above. */
  readonly top: number
  /** This many pixels are in sight. */
  readonly height: number
  /** This is the height of one row in pixels. */
  readonly row: number
  readonly count: number
  /** This many rows are kept beyond the edges, so that a small movement shows no gap. */
  readonly ahead: number
}

/** Returns the rows that must be in the document, from `first` up to but without `last`. */
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
