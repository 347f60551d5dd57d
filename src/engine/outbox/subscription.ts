import { AppError } from '../../core/app-error.js'
import type { WebhookRequest, WebhookSubscription } from '../../core/job-options.js'
import { defaultWebhookEvents } from '../../core/webhook.js'
import type { WebhookSender } from '../../ports/webhooks.js'

/**
 * Returns what a request's webhook asks for, or null when it has none. Throws AppError `invalid_request` when the
 * webhook could not be served.
 */
export const subscriptionOf = (
  webhook: WebhookRequest | null | undefined,
  sender: Pick<WebhookSender, 'refusal'> | null,
): WebhookSubscription | null => {
  if (webhook == null) return null
  const refuse = (path: string, message: string): never => {
    throw new AppError('invalid_request', `${path} ${message}`, { errors: [{ path, message }] })
  }
  if (sender === null) return refuse('webhook', 'needs LONGSHORE_WEBHOOK_SECRET: this daemon cannot sign any')
  const refusal = sender.refusal(webhook.url)
  return refusal === null
    ? { url: webhook.url, events: webhook.events ?? defaultWebhookEvents }
    : refuse('webhook.url', refusal)
}
