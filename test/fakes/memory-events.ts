import type { EventType, StoredEvent } from '../../src/core/event.js'
import type { EventFilter } from '../../src/ports/event-store.js'

/**
 * Creates the event log of the memory store. Ids count from 1 within one instance, and a pruned prefix stays countable.
 */
export const createMemoryEvents = (instance: string, now: () => number) => {
  const events: StoredEvent[] = []
  let lastEvent = 0

  const lastId = (): string => `${instance}-${lastEvent}`

  const append = (
    type: EventType,
    { jobId, batchId }: Pick<StoredEvent, 'jobId' | 'batchId'>,
    body: Pick<StoredEvent, 'job' | 'part' | 'batch'>,
    by: string | null = null,
  ): string => {
    const id = `${instance}-${++lastEvent}`
    const told = by === null ? body : { by, ...body }
    events.push({ id, type, at: new Date(now()).toISOString(), jobId, batchId, ...told })
    return id
  }

  const after = (cursor: string | null, { jobId, batchId }: EventFilter, limit: number) => {
    const last = lastId()
    const pruned = `${instance}-${lastEvent - events.length}`
    const from = cursor === null ? 0 : [pruned, ...events.map((event) => event.id)].indexOf(cursor)
    if (from === -1) return { items: [], reset: true, lastId: last }
    const items = events
      .slice(from)
      .filter((event) => (jobId ?? event.jobId) === event.jobId && (batchId ?? event.batchId) === event.batchId)
      .slice(0, limit)
    return { items, reset: false, lastId: items.length === limit ? (items.at(-1)?.id ?? last) : last }
  }

  /** Returns how many events from before an instant it has forgotten, which are `limit` at most. */
  const prune = (before: number, limit: number): number => {
    const kept = events.findIndex((event) => Date.parse(event.at) >= before)
    return events.splice(0, Math.min(limit, kept === -1 ? events.length : kept)).length
  }

  return { append, after, lastId, prune }
}
