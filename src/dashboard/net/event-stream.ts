import { eventTypes, type StoredEvent } from '../../core/event.js'
import type { ProgressView } from '../../core/job-view.js'

export interface StreamHandlers {
  /** The stream is open. `again` is true when it was open before. */
  onOpen(again: boolean): void
  onEvent(event: StoredEvent): void
  onProgress(jobId: string, progress: ProgressView): void
  /** The events that were missed are no longer kept, so the lists must be read again. */
  onReset(): void
  /**
   * The stream was cut off. Returns whether to come back. The function may first find out why, because an EventSource
   * cannot tell.
   */
  onCut(): Promise<boolean>
}

/**
 * Opens an event stream that reconnects by itself, after the last event it had, until it is closed. While the page is
 * hidden the stream is closed, because browsers open six connections to a host for all tabs together, and a few tabs
 * with a stream each would take them all.
 */
export interface EventStream {
  close(): void
  /** Tries at once instead of when the wait is over. */
  hurry(): void
}

const firstPatienceMs = 500
const longestPatienceMs = 8_000

/**
 * `path` is without `after`. `from` is the event id after which the stream begins, or null for what happens from now
 * on.
 */
export const openEventStream = (path: string, from: string | null, handlers: StreamHandlers): EventStream => {
  let source: EventSource | null = null
  let lastId = from
  let patienceMs = firstPatienceMs
  let timer: ReturnType<typeof setTimeout> | null = null
  let opened = false
  let closed = false

  const come = (): void => {
    timer = null
    if (document.hidden) return
    const after = lastId === null ? '' : `${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(lastId)}`
    const current = new EventSource(path + after)
    source = current
    current.onopen = () => {
      patienceMs = firstPatienceMs
      // The stream was cut off before its first event, so nothing says where to go on.
      if (opened && after === '') handlers.onReset()
      handlers.onOpen(opened)
      opened = true
    }
    for (const type of eventTypes) {
      current.addEventListener(type, (message: MessageEvent<string>) => {
        lastId = message.lastEventId
        handlers.onEvent(JSON.parse(message.data) as StoredEvent)
      })
    }
    current.addEventListener('job.progress', (message: MessageEvent<string>) => {
      const { jobId, progress } = JSON.parse(message.data) as { jobId: string; progress: ProgressView }
      handlers.onProgress(jobId, progress)
    })
    // Without a cursor this message comes first, so that a cut before the first event loses nothing.
    current.addEventListener('ready', (message: MessageEvent<string>) => {
      lastId = message.lastEventId
    })
    current.addEventListener('reset', (message: MessageEvent<string>) => {
      lastId = message.lastEventId
      handlers.onReset()
    })
    // The browser's own way of reconnecting gives up at the first proxy that answers 502.
    current.onerror = () => {
      current.close()
      if (closed || source !== current) return
      source = null
      void handlers.onCut().then((back) => {
        if (!back || closed || source !== null || timer !== null) return
        timer = setTimeout(come, patienceMs * (0.75 + Math.random() / 2))
        patienceMs = Math.min(patienceMs * 1.7, longestPatienceMs)
      })
    }
  }
  const restOrCome = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (!document.hidden) {
      if (source === null) come()
      return
    }
    source?.close()
    source = null
  }
  document.addEventListener('visibilitychange', restOrCome)
  come()

  return {
    close() {
      closed = true
      document.removeEventListener('visibilitychange', restOrCome)
      if (timer !== null) clearTimeout(timer)
      source?.close()
    },
    hurry() {
      if (timer === null) return
      clearTimeout(timer)
      come()
    },
  }
}
