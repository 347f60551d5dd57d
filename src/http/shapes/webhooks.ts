import { z } from 'zod'
import { webhookStates } from '../../core/webhook.js'
import { example } from './examples.js'
import { instant, page, size } from './fields.js'
import { eventJobSchema, exampleEventJob } from './jobs/answer.js'
import { toldTypes } from './jobs/subscription.js'
import { pageFields } from './query.js'

export const webhooksQuerySchema = z.strictObject({
  ...pageFields,
  job: z.string().min(1).max(100).optional().describe('Of one job only.'),
  state: z.enum(webhookStates).optional(),
})

export const webhookSchema = z
  .object({
    id: z.string().describe('Of the event that it tells; its `webhook-id` at every try.'),
    jobId: z.string(),
    type: z.string(),
    url: z.string().describe('Without its query.'),
    state: z.enum(webhookStates),
    attempts: size.describe('Tries so far, since it was last asked for.'),
    createdAt: instant,
    nextAttemptAt: instant.nullable().describe('Set while it is pending.'),
    lastAttempt: z
      .object({
        at: instant,
        status: z.int().nullable().describe('HTTP status; null when there was no answer.'),
        reason: z.string().nullable().describe('Why it failed.'),
      })
      .nullable(),
  })
  .describe('A message to a receiver of webhooks.')

export const webhookPageSchema = page(webhookSchema)

export const webhookMessageSchema = z
  .object({
    type: z.enum(toldTypes),
    timestamp: instant.describe('When it happened.'),
    data: z.object({ job: eventJobSchema }),
  })
  .describe('What is sent to the `webhook` of a job.')

const exampleWebhook = example(webhookSchema, {
  id: '5f0a6b7c-42',
  jobId: exampleEventJob.id,
  type: 'job.completed',
  url: 'https://hooks.example.com/uploads',
  state: 'pending',
  attempts: 1,
  createdAt: '2026-01-01T00:00:09.120Z',
  nextAttemptAt: '2026-01-01T00:00:14.120Z',
  lastAttempt: { at: '2026-01-01T00:00:09.300Z', status: 503, reason: 'answered 503' },
})
example(webhookPageSchema, { items: [exampleWebhook], nextCursor: null })
example(webhookMessageSchema, {
  type: exampleWebhook.type,
  timestamp: exampleWebhook.createdAt,
  data: { job: exampleEventJob },
})
