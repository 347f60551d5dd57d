import { z } from 'zod'
import { jobStates } from '../../core/job.js'
import { verbs } from '../../core/verb.js'
import { type BulkVerbView, bulkVerbStates } from '../../core/verb-view.js'
import { example } from './examples.js'
import { instant, page, size } from './fields.js'

const exampleVerb: BulkVerbView = {
  id: 'v-17',
  verb: 'pause',
  state: 'running',
  filter: { label: ['run=42'] },
  by: 'ops',
  jobs: 200_000,
  batches: 1,
  changed: 51_200,
  refused: 0,
  createdAt: '2026-01-01T00:00:07.000Z',
  finishedAt: null,
}

export const bulkVerbSchema = z
  .object({
    id: z.string(),
    verb: z.enum(verbs),
    state: z
      .enum(bulkVerbStates)
      .describe('completed: it has met all of its jobs. replaced: a later verb for the same jobs took its place.'),
    filter: z
      .object({
        state: z.array(z.enum(jobStates)).readonly().optional(),
        bucket: z.string().optional(),
        batch: z.string().optional(),
        label: z.array(z.string()).readonly().optional(),
        source: z.string().optional(),
      })
      .describe('What the jobs must match. Empty: every job.'),
    by: z.string().nullable().describe('The name of the token that gave it.'),
    jobs: size.describe('Jobs that had a use for it when it began.'),
    batches: size.describe('Batches that were told, so that they make no job that is otherwise.'),
    changed: size.describe('Jobs that it has changed until now.'),
    refused: size.describe(
      'Jobs that it could not change: the source of a retry is gone, or another job is writing the same object.',
    ),
    createdAt: instant,
    finishedAt: instant.nullable(),
  })
  .meta({ description: 'A verb for many jobs, on its way from job to job.', examples: [exampleVerb] })

export const bulkVerbPageSchema = page(bulkVerbSchema)

example(bulkVerbPageSchema, { items: [exampleVerb], nextCursor: null })
