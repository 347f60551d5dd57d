import { AppError } from '../../core/app-error.js'
import { viewWebhook, type WebhookView } from '../../core/webhook.js'
import type { Page, PageRequest } from '../../ports/page.js'
import type { WebhookFilter, WebhookStore } from '../../ports/webhooks.js'

/** The use cases around the outbox of webhooks. */
export interface WebhookOutbox {
  list(filter: WebhookFilter, page: PageRequest): Promise<Page<WebhookView>>
  /** Makes a message due at once, under the same id. Throws AppError `webhook_not_found`. */
  redeliver(id: string): Promise<WebhookView>
}

export const createWebhookOutbox = (store: Pick<WebhookStore, 'webhooks' | 'redeliverWebhook'>): WebhookOutbox => ({
  async list(filter, page) {
    const found = await store.webhooks(filter, page)
    return { items: found.items.map(viewWebhook), nextCursor: found.nextCursor }
  },
  async redeliver(id) {
    const webhook = await store.redeliverWebhook(id)
    if (webhook !== null) return viewWebhook(webhook)
    throw new AppError(
      'webhook_not_found',
      `There is no webhook ${JSON.stringify(id)}: it was never made, or was forgotten with its job`,
    )
  },
})
