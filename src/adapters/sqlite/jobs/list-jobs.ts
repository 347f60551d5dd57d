import { AppError } from '../../../core/app-error.js'
import { decodeCursor, encodeCursor } from '../../../core/cursor.js'
import type { JobFilter } from '../../../core/job-filter.js'
import { filterParameters, isWholePath, matches } from '../sql/job-filter.js'
import { prepareOnce } from '../sql/prepare-once.js'
import { type PartRow, partOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'
import type { JobWriter } from './job-writer.js'
import { pageOf } from './page.js'

interface PackedJob {
  readonly packed: string
}

/** So many jobs are looked at for one page. A filter that matches few of them makes a short page with a cursor. */
const windowSize = 2000

const windowOfAll = `
  SELECT seq, ${matches} FROM jobs
  WHERE seq < :before
  ORDER BY seq DESC LIMIT :window`

const windowOfBatch = `
  SELECT seq, ${matches} FROM jobs INDEXED BY jobs_batch
  WHERE batch_id = :batchId AND seq < :before
  ORDER BY seq DESC LIMIT :window`

const windowOfSource = `
  SELECT seq, ${matches} FROM jobs INDEXED BY jobs_source
  WHERE source_path = :source AND seq < :before
  ORDER BY seq DESC LIMIT :window`

// Each state has an arm of its own, because SQLite merges arms that are sorted already, while it would sort everything
// that it finds with IN (...).
const windowOfStates = (count: number): string =>
  `${Array.from(
    { length: count },
    (_, i) => `
  SELECT seq, ${matches} FROM jobs INDEXED BY jobs_state
  WHERE state = :states ->> ${i} AND seq < :before`,
  ).join('\n  UNION ALL')}
  ORDER BY seq DESC LIMIT :window`

/** Returns the statement that walks the jobs that a filter may match, newest first. */
export const listSql = (filter: JobFilter): string => {
  if (filter.batchId !== undefined) return windowOfBatch
  if (isWholePath(filter.source)) return windowOfSource
  return filter.states === undefined ? windowOfAll : windowOfStates(new Set(filter.states).size)
}

/**
 * Returns the position behind which a page begins. Throws AppError `invalid_request` when the cursor does not come from
 * this list.
 */
export const startOf = (writer: JobWriter, list: string, cursor: string): number => {
  const position = decodeCursor(cursor, list, writer.instance)
  if (position !== null) return position
  throw new AppError('invalid_request', 'The cursor is not one of this list.', {
    errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before' }],
  })
}

/** Creates the operations of the two lists. They go by keyset, so a page costs the same wherever it begins. */
export const createListOperations = (writer: JobWriter) => {
  const { database, statements, instance } = writer
  const prepare = prepareOnce(database)

  /** Returns the page of a filter that all jobs match. */
  const newest = (before: number, limit: number) => {
    const rows = statements.newestJobs.all(before, limit + 1) as (PackedJob & { readonly seq: number })[]
    return pageOf(
      writer,
      'jobs',
      rows,
      limit,
      ({ seq }) => seq,
      (row) => row.packed,
    )
  }

  return {
    list: (_at, filter, { limit, cursor }) => {
      const before = cursor === null ? Number.MAX_SAFE_INTEGER : startOf(writer, 'jobs', cursor)
      if (filter.states?.length === 0) return { items: [], nextCursor: null }
      if (Object.values(filter).every((condition) => condition === undefined)) return newest(before, limit)
      const window = prepare(listSql(filter)).iterate({
        before,
        window: windowSize,
        ...filterParameters(filter),
      }) as IterableIterator<{ seq: number; matches: 0 | 1 }>

      const found: number[] = []
      let seen = 0
      let next: number | null = null
      for (const { seq, matches } of window) {
        seen++
        if (matches === 1 && found.length === limit) {
          next = found.at(-1) ?? null
          break
        }
        if (matches === 1) found.push(seq)
        if (seen === windowSize) next = seq
      }
      return {
        items: found.map((seq) => (statements.packedJobBySeq.get(seq) as PackedJob).packed),
        nextCursor: next === null ? null : encodeCursor('jobs', instance, next),
      }
    },

    parts: (_at, jobId, { limit, cursor }) => {
      const after = cursor === null ? 0 : startOf(writer, 'parts', cursor)
      const rows = statements.partsOfJob.all(jobId, after, limit + 1) as PartRow[]
      return pageOf(writer, 'parts', rows, limit, (row) => row.part_number, partOf)
    },
  } satisfies Partial<Operations>
}
