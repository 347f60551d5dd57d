import { z } from 'zod'
import type { BatchOwnFields } from '../../../core/batch-own-fields.js'

/** What a request may ask of the batch itself. */
export const ownRequestFields = {
  dryRun: z.boolean().describe('Make no jobs: list what would be sent, at `/v1/batches/{id}/files`.').optional(),
}

/** The same as answers show it. */
export const ownAnswerFields = {
  dryRun: z.boolean(),
}

export const exampleOwnFields: BatchOwnFields = { dryRun: false }
