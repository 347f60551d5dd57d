import { encodeCursor } from '../../../core/cursor.js'
import { isSettled, type JobState } from '../../../core/job.js'
import type { JobFilter } from '../../../core/job-filter.js'
import { oldestFirst } from '../../../core/keyset-page.js'
import type { CountsPage } from '../../../ports/job-store.js'
import { filterParameters, isWholePath, matches } from '../sql/job-filter.js'
import { prepareOnce } from '../sql/prepare-once.js'
import type { JobRow } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'
import type { JobWriter } from './job-writer.js'
import { positionOf } from './page.js'

/** One call counts so many jobs, and other requests wait a few milliseconds for it. */
const windowSize = 5000

const places = {
  ids: 'jobs WHERE id IN (SELECT value FROM json_each(:ids)) AND seq > :after',
  batch: 'jobs INDEXED BY jobs_batch WHERE batch_id = :batchId AND seq > :after ORDER BY seq LIMIT :window',
  source: 'jobs INDEXED BY jobs_source WHERE source_path = :source AND seq > :after ORDER BY seq LIMIT :window',
  all: 'jobs WHERE seq > :after ORDER BY seq LIMIT :window',
} as const

const placeOf = (filter: JobFilter): keyof typeof places => {
  if (filter.ids !== undefined) return 'ids'
  if (filter.batchId !== undefined) return 'batch'
  return isWholePath(filter.source) ? 'source' : 'all'
}

/** Returns the statement that counts the next stretch of the jobs that a filter may match, oldest first. */
export const countSql = (filter: JobFilter): string => `
  SELECT count(*) AS seen, max(seq) AS last,
    count(*) FILTER (WHERE matches AND finished_at IS NULL) AS pending,
    count(*) FILTER (WHERE matches AND state = 'completed') AS completed,
    count(*) FILTER (WHERE matches AND state = 'failed') AS failed,
    count(*) FILTER (WHERE matches AND state = 'cancelled') AS cancelled,
    max(seq) FILTER (WHERE matches AND finished_at IS NULL) AS newest
  FROM (SELECT seq, state, finished_at, ${matches} FROM ${places[placeOf(filter)]})`

/**
 * This finds where the next stretch of the settled jobs ends: after so many jobs, and those that settled at the same
 * instant as the last of them.
 */
export const settledEndSql = `
  SELECT finished_at FROM jobs INDEXED BY jobs_finished
  WHERE finished_at > :after ORDER BY finished_at LIMIT 1 OFFSET :window - 1`

export const settledSql = `
  SELECT count(*) FILTER (WHERE state = 'completed') AS completed,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'cancelled') AS cancelled
  FROM jobs INDEXED BY jobs_finished
  WHERE finished_at > :after AND finished_at <= :end`

interface Stretch {
  readonly seen: number
  readonly last: number | null
  readonly pending: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly newest: number | null
}

/** Creates the operations that count the jobs that match a filter. */
export const createCountOperations = (writer: JobWriter) => {
  const { database, statements, instance } = writer
  const prepare = prepareOnce(database)

  /** Returns the counts of all jobs, or of all jobs in some states, from the counters. */
  const countAll = (states: readonly JobState[] | undefined): CountsPage => {
    const all = statements.countsByState.all() as { state: JobState; jobs: number }[]
    const counts = all.filter(({ state }) => states?.includes(state) ?? true)
    const sum = (of: (state: JobState) => boolean): number =>
      counts.reduce((total, { state, jobs }) => total + (of(state) ? jobs : 0), 0)
    return {
      pending: sum((state) => !isSettled(state)),
      completed: sum((state) => state === 'completed'),
      failed: sum((state) => state === 'failed'),
      cancelled: sum((state) => state === 'cancelled'),
      newestPending: null,
      nextCursor: null,
    }
  }

  /**
   * Returns how many jobs settled from an instant on, page by page in the order in which they settled. The first page
   * also says, from the counters, how many jobs are not settled.
   */
  const countOpenSince = (since: number, cursor: string | null): CountsPage => {
    const after = positionOf(writer, 'settled', since - 1, cursor)
    const end = prepare(settledEndSql).pluck().get({ after, window: windowSize }) as number | undefined
    const span = { after, end: end ?? Number.MAX_SAFE_INTEGER }
    const settled = prepare(settledSql).get(span) as Pick<Stretch, 'completed' | 'failed' | 'cancelled'>
    return {
      ...settled,
      pending: cursor === null ? countAll(undefined).pending : 0,
      newestPending: null,
      nextCursor: end === undefined ? null : encodeCursor('settled', instance, end),
    }
  }

  return {
    countJobs: (_at, filter, cursor) => {
      const { states, openSince, ...others } = filter
      if (Object.values(others).every((condition) => condition === undefined)) {
        if (openSince === undefined) return countAll(states)
        if (states === undefined) return countOpenSince(openSince, cursor)
      }
      const after = positionOf(writer, 'countJobs', oldestFirst, cursor)
      const parameters = { after, window: windowSize, ...filterParameters(filter) }
      const { seen, last, newest, ...counts } = prepare(countSql(filter)).get(parameters) as Stretch
      const more = seen >= windowSize && filter.ids === undefined && last !== null
      return {
        ...counts,
        newestPending: newest === null ? null : (statements.jobBySeq.get(newest) as JobRow).id,
        nextCursor: more ? encodeCursor('countJobs', instance, last) : null,
      }
    },
  } satisfies Partial<Operations>
}
