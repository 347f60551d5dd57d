import type { JobWriter } from '../jobs/job-writer.js'
import { type EventRow, eventOf, jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

/** Creates the operations that look at one job and at the event log. */
export const createReadOperations = (writer: JobWriter) => {
  const { statements, instance } = writer

  const lastNumber = (): number => (statements.lastEventNumber.get() as { seq: number } | undefined)?.seq ?? 0

  /**
   * Returns the number of an event id that this database gave and whose successors are all kept; null for any other id.
   */
  const placeOf = (id: string, last: number): number | null => {
    const [, number] = id.match(/^[0-9a-f]{8}-(0|[1-9]\d{0,14})$/) ?? []
    if (number === undefined || !id.startsWith(`${instance}-`)) return null
    const { n: oldest } = statements.oldestEventNumber.get() as { n: number | null }
    const place = Number(number)
    return place <= last && place >= (oldest ?? last + 1) - 1 ? place : null
  }

  return {
    get: (_at, jobId) => {
      const row = writer.job(jobId)
      return row === null ? null : jobOf(row)
    },

    lastEventId: () => `${instance}-${lastNumber()}`,

    eventsAfter: (_at, after, filter, limit) => {
      const last = lastNumber()
      const place = after === null ? 0 : placeOf(after, last)
      if (place === null) return { items: [], reset: true, lastId: `${instance}-${last}` }
      const wanted = { after: place, limit, jobId: filter.jobId ?? null, batchId: filter.batchId ?? null }
      const { eventsOfJob, eventsOfBatch, eventsOfAll } = statements
      const query = wanted.jobId !== null ? eventsOfJob : wanted.batchId !== null ? eventsOfBatch : eventsOfAll
      const rows = query.all(wanted) as EventRow[]
      const lastRead = rows.length === limit ? rows.at(-1)?.n : undefined
      return {
        items: rows.map((row) => eventOf(row, instance)),
        reset: false,
        lastId: `${instance}-${lastRead ?? last}`,
      }
    },

    // This check writes, because a full disk still reads well.
    check: (at) => {
      statements.setMetaValue.run({ name: 'checked_at', value: String(at) })
    },
  } satisfies Partial<Operations>
}
