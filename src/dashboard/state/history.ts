import type { StoredEvent } from '../../core/event.js'

/** This is one line of a job's history. Parts that arrive one after the other make one line. */
export interface HistoryLine {
  readonly key: string
  readonly event: StoredEvent
  /** This is the number of parts behind this line. It is 0 when the line is about the job. */
  readonly parts: number
  readonly bytes: number
  readonly firstAt: string
}

/** Appends an event, oldest first. The array is new, but the lines that did not change are the same. */
export const addToHistory = (lines: readonly HistoryLine[], event: StoredEvent): readonly HistoryLine[] => {
  const last = lines.at(-1)
  if (event.type !== 'part.uploaded') {
    return [...lines, { key: event.id, event, parts: 0, bytes: 0, firstAt: event.at }]
  }
  const size = event.part?.size ?? 0
  if (last === undefined || last.parts === 0) {
    return [...lines, { key: event.id, event, parts: 1, bytes: size, firstAt: event.at }]
  }
  return [...lines.slice(0, -1), { ...last, event, parts: last.parts + 1, bytes: last.bytes + size }]
}
