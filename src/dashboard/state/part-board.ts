import type { PartView } from '../../core/part-view.js'

/** Holds what is known of a job's parts, by number. */
export interface PartBoard {
  readonly parts: ReadonlyMap<number, PartView>
  readonly uploaded: number
  readonly uploading: number
}

export const noParts: PartBoard = { parts: new Map(), uploaded: 0, uploading: 0 }

/** Takes parts as a list or an event has them. An uploaded part stays uploaded, whatever an older list says. */
export const withParts = (board: PartBoard, more: readonly PartView[]): PartBoard => {
  const parts = new Map(board.parts)
  for (const part of more) {
    if (parts.get(part.partNumber)?.state === 'uploaded' && part.state !== 'uploaded') continue
    parts.set(part.partNumber, part)
  }
  let uploaded = 0
  let uploading = 0
  for (const { state } of parts.values()) {
    if (state === 'uploaded') uploaded++
    else if (state === 'uploading') uploading++
  }
  return { parts, uploaded, uploading }
}

/**
 * Returns the columns and the edge length of squares, so that `count` of them fit into a box. Edges are between `least`
 * and `most` pixels.
 */
export const layOut = (
  count: number,
  box: { readonly width: number; readonly height: number },
  { least, most, gap }: { readonly least: number; readonly most: number; readonly gap: number },
): { readonly columns: number; readonly edge: number; readonly rows: number } => {
  const fitting = (edge: number) => {
    const columns = Math.max(1, Math.floor((box.width + gap) / (edge + gap)))
    return { columns, edge, rows: Math.ceil(count / columns) }
  }
  for (let edge = most; edge > least; edge--) {
    const layout = fitting(edge)
    if (layout.rows * (edge + gap) - gap <= box.height) return layout
  }
  return fitting(least)
}
