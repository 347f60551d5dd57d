import { type NewBulkVerb, takesPlaceOf } from '../../../core/bulk-verb.js'
import { wholeBatch } from '../../../core/job-filter.js'
import { newestFirst } from '../../../core/keyset-page.js'
import { type BulkSteps, type VerbRow, verbOf } from '../jobs/bulk-verbs.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { pageOf } from '../jobs/page.js'
import type { Operations } from '../thread/protocol.js'

/** Writes a new bulk verb, and ends those whose place it takes. Returns its number. */
export const insertVerb = ({ statements }: JobWriter, request: NewBulkVerb, at: number): number => {
  const { verb, filter, by, jobs, batches } = request
  for (const earlier of statements.unfinishedVerbs.all() as VerbRow[]) {
    if (takesPlaceOf(request, verbOf(earlier))) statements.finishVerb.run({ id: earlier.id, at, replaced: 1 })
  }
  const row = { verb, filter: JSON.stringify(filter), batch_id: wholeBatch(filter), actor: by, jobs, batches, at }
  return Number(statements.insertVerb.run(row).lastInsertRowid)
}

/** Creates the operations of bulk verbs. */
export const createVerbOperations = (writer: JobWriter, steps: BulkSteps) => {
  const { statements } = writer
  return {
    beginVerb: (at, request) => {
      const id = insertVerb(writer, request, at)
      steps.begin(id, at)
      return verbOf(statements.verbById.get(id) as VerbRow)
    },

    getVerb: (_at, id) => {
      const row = statements.verbById.get(id) as VerbRow | undefined
      return row === undefined ? null : verbOf(row)
    },

    listVerbs: (_at, request) =>
      pageOf(
        writer,
        {
          list: 'verbs',
          first: newestFirst,
          positionOf: ({ id }) => id,
          itemOf: verbOf,
          rowsBehind: (before, count) => statements.verbsBefore.all(before, count) as VerbRow[],
        },
        request,
      ),

    unfinishedVerbs: () =>
      (statements.unfinishedVerbs.all() as VerbRow[]).map((row) => ({ ...verbOf(row), standing: steps.standing(row) })),
    jobsOfVerb: (_at, id, limit) => steps.next(id, limit),
    stepVerb: (at, id, limit, sources = []) => steps.step(id, limit, sources, at),
  } satisfies Partial<Operations>
}
