import { z } from 'zod'

export const sweepSchema = z
  .object({
    jobs: z.int().min(0).describe('Jobs that were to be told when it began.'),
    batches: z.int().min(0).describe('Batches that were told, so that they make no job that is otherwise.'),
  })
  .meta({ description: 'How much is told.', examples: [{ jobs: 200000, batches: 1 }] })
