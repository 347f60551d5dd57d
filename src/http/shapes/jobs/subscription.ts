import { z } from 'zod'
import { eventTypes } from '../../../core/event.js'
import { defaultWebhookEvents } from '../../../core/webhook.js'

/** A receiver may ask to be told these events: every stored event that shows a job. */
export const toldTypes = eventTypes.filter((type) => type.startsWith('job.'))

const url = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const isWeb = URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
    if (!isWeb) context.addIssue({ code: 'custom', message: 'must be a URL like https://example.com/hooks' })
  })

/** The `webhook` of a job. The use case judges where it may lead. */
export const subscriptionSchema = z.strictObject({
  url: url.describe('https, at a public address unless LONGSHORE_WEBHOOK_ALLOW names its host.'),
  events: z
    .array(z.enum(toldTypes))
    .min(1)
    .max(toldTypes.length)
    .transform((events): readonly string[] => [...new Set(events)])
    .describe(`Which events are sent; ${defaultWebhookEvents.join(', ')} by default.`)
    .optional(),
})
