import { encodeCursor } from '../../../core/cursor.js'
import type { JobFilter } from '../../../core/job-filter.js'
import { newestFirst, oldestFirst } from '../../../core/keyset-page.js'
import type { StoredPart } from '../../../core/part.js'
import type { Page, PageRequest } from '../../../ports/page.js'
import { filterParameters, isWholePath, matches } from '../sql/job-filter.js'
import { prepareOnce } from '../sql/prepare-once.js'
import { type PartRow, partOf } from '../sql/rows.js'
import type { Statements } from '../sql/statements.js'
import type { Operations } from '../thread/protocol.js'
import type { JobWriter } from './job-writer.js'
import { pageOf, positionOf } from './page.js'

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

/** Returns a page of the parts of a job. */
export const partsPage = (
  { statements, instance }: { readonly statements: Pick<Statements, 'partsOfJob'>; readonly instance: string },
  jobId: string,
  request: PageRequest,
): Page<StoredPart> =>
  pageOf(
    { instance },
    {
      list: 'parts',
      first: oldestFirst,
      positionOf: (row) => row.part_number,
      itemOf: partOf,
      rowsBehind: (after, count) => statements.partsOfJob.all(jobId, after, count) as PartRow[],
    },
    request,
  )

/** Creates the operations of the two lists. They go by keyset, so a page costs the same wherever it begins. */
export const createListOperations = (writer: JobWriter) => {
  const { database, statements, instance } = writer
  const prepare = prepareOnce(database)

  /** Returns the page of a filter that all jobs match. */
  const newest = (request: PageRequest) =>
    pageOf(
      writer,
      {
        list: 'jobs',
        first: newestFirst,
        positionOf: ({ seq }) => seq,
        itemOf: ({ packed }) => packed,
        rowsBehind: (before, count) =>
          statements.newestJobs.all(before, count) as (PackedJob & { readonly seq: number })[],
      },
      request,
    )

  return {
    list: (_at, filter, request) => {
      const { limit, cursor } = request
      const before = positionOf(writer, 'jobs', newestFirst, cursor)
      if (filter.states?.length === 0) return { items: [], nextCursor: null }
      if (Object.values(filter).every((condition) => condition === undefined)) return newest(request)
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

    parts: (_at, jobId, request) => partsPage(writer, jobId, request),
  } satisfies Partial<Operations>
}
