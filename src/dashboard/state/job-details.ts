import { signal } from '@preact/signals'
import type { StoredEvent } from '../../core/event.js'
import type { PartView } from '../../core/part-view.js'
import { type Api, ApiProblem, type Page } from '../net/api.js'
import { openEventStream } from '../net/event-stream.js'
import { createFrames } from './frames.js'
import { addToHistory, type HistoryLine } from './history.js'
import { noParts, type PartBoard, withParts } from './part-board.js'

const pageSize = 1000
const lookEveryMs = 1_000

/**
 * Keeps the parts and the history of one job current until it is closed. `isMoving` returns whether parts may be on
 * their way.
 */
export const followJob = (api: Api, id: string, isMoving: () => boolean) => {
  const board = signal<PartBoard>(noParts)
  const history = signal<readonly HistoryLine[]>([])
  const path = `v1/jobs/${encodeURIComponent(id)}`
  let closed = false
  let timer: ReturnType<typeof setTimeout> | null = null
  /** True means that all pages have been seen since the parts were planned. */
  let whole = false
  /**
   * These are the pages of the list by the cursor that leads to them. A page whose parts are all uploaded never changes
   * again.
   */
  const finishedPages = new Map<string, string | null>()

  const loadParts = async (): Promise<void> => {
    let cursor: string | null = ''
    while (cursor !== null && !closed) {
      const known = finishedPages.get(cursor)
      if (known !== undefined) {
        cursor = known
        continue
      }
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page: Page<PartView> = await api.get(`${path}/parts?limit=${pageSize}${after}`)
      const full = page.items.length === pageSize && page.items.every(({ state }) => state === 'uploaded')
      if (full) finishedPages.set(cursor, page.nextCursor)
      board.value = withParts(board.peek(), page.items)
      cursor = page.nextCursor
      // Events report parts that have arrived. Parts that are on their way are on the first page that is not full.
      if (whole && !full) return
    }
    whole = true
  }

  const look = async (): Promise<void> => {
    try {
      if (!document.hidden && (isMoving() || !whole)) await loadParts()
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
    }
    if (!closed) timer = setTimeout(look, lookEveryMs)
  }

  const frames = createFrames<StoredEvent>((events) => {
    let lines = history.peek()
    const parts: PartView[] = []
    for (const event of events) {
      lines = addToHistory(lines, event)
      if (event.part !== undefined) parts.push(event.part)
      if (event.type !== 'job.queued') continue
      // The next run may plan anew, so earlier parts count only if the list still has them.
      parts.length = 0
      board.value = noParts
      finishedPages.clear()
      whole = false
    }
    history.value = lines
    board.value = withParts(board.peek(), parts)
  })

  const stream = openEventStream(`${path}/events`, 'oldest', {
    onOpen: () => undefined,
    onEvent: frames.add,
    onProgress: () => undefined,
    onReset: () => {
      history.value = []
    },
    onCut: async () => !closed,
  })
  void look()

  return {
    board,
    history,
    close(): void {
      closed = true
      if (timer !== null) clearTimeout(timer)
      stream.close()
      frames.close()
    },
  }
}
