import type { BatchView } from '../../src/core/batch-view.js'
import type { EventType, StoredEvent } from '../../src/core/event.js'
import type { Job } from '../../src/core/job.js'
import type { EventFilter } from '../../src/ports/event-store.js'

/**
 * Creates the event log of the memory store. Ids count from 1 within one instance, and a pruned prefix stays countable.
 */
export const createMemoryEvents = (instance: string, now: () => number) => {
  const events: StoredEvent[] = []
  let lastEvent = 0

  const lastId = (): string => `${instance}-${lastEvent}`

  const append = (
    job: Job,
    type: EventType,
    body: Pick<StoredEvent, 'job' | 'part'>,
    by: string | null = null,
  ): string => {
    const told = by === null ? body : { by, ...body }
    const id = `${instance}-${++lastEvent}`
    events.push({ id, type, at: new Date(now()).toISOString(), jobId: job.id, batchId: job.batchId, ...told })
    return id
  }

  const appendBatch = (
    type: 'batch.completed' | 'batch.deleted',
    batchId: string,
    batch: BatchView,
    by: string | null,
  ): void => {
    const id = `${instance}-${++lastEvent}`
    const told = by === null ? { batch } : { by, batch }
    events.push({ id, type, at: new Date(now()).toISOString(), jobId: null, batchId, ...told })
  }

  const after = (cursor: string | null, filter: EventFilter, limit: number) => {
    const last = lastId()
    const pruned = `${instance}-${lastEvent - events.length}`
    const from = cursor === null ? 0 : [pruned, ...events.map((event) => event.id)].indexOf(cursor)
    if (from === -1) return { items: [], reset: true, lastId: last }
    const items = events
      .slice(from)
      .filter((event) => filter.jobId === undefined || event.jobId === filter.jobId)
      .filter((event) => filter.batchId === undefined || event.batchId === filter.batchId)
      .slice(0, limit)
    return { items, reset: false, lastId: items.length === limit ? (items.at(-1)?.id ?? last) : last }
  }

  /** Returns how many events from before an instant it has forgotten, which are `limit` at most. */
  const prune = (before: number, limit: number): number => {
    const kept = events.findIndex((event) => Date.parse(event.at) >= before)
    return events.splice(0, Math.min(limit, kept === -1 ? events.length : kept)).length
  }

  return { append, appendBatch, after, lastId, prune }
}
