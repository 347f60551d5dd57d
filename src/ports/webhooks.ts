import type { Webhook, WebhookAnswer, WebhookState, WebhookVerdict } from '../core/webhook.js'
import type { Page, PageRequest } from './page.js'

/** The number of pending messages of one host that are looked at. Those that are on their way count. */
export interface HostQuota {
  readonly host: string
  readonly limit: number
}

export interface WebhookFilter {
  readonly jobId?: string
  readonly state?: WebhookState
}

/** A message with the bytes that are signed and sent. */
export interface DueWebhook extends Webhook {
  readonly host: string
  readonly body: string
  /** How long the message had been tried when the store gave it out. */
  readonly triedForMs: number
}

/**
 * The outbox of webhooks. A message is committed with the event that it tells. It stays until it is settled and its job
 * is gone. Adapters throw as JobStore does.
 */
export interface WebhookStore {
  /**
   * Returns pending messages that are due, the first due of each host first, at most `perHost` of a host or what its
   * quota says, and at most `limit` in all. Hosts are taken in turn by name, beginning behind `afterHost`. Nothing is
   * marked, because the sender knows what is on its way. `nextDueInMs` is the time until the earliest other message of
   * the hosts that were looked at is due.
   */
  dueWebhooks(request: {
    readonly limit: number
    readonly perHost: number
    readonly quotas: readonly HostQuota[]
    readonly afterHost: string
  }): Promise<{ readonly items: readonly DueWebhook[]; readonly nextDueInMs: number | null }>
  /** Commits how a try ended. When the message is not pending any more, or is gone, nothing happens. */
  noteWebhook(id: string, answer: WebhookAnswer, verdict: WebhookVerdict): Promise<void>
  /** Fails pending messages that have been tried for longer than this, at most `limit`. Returns how many there were. */
  expireWebhooks(triedForMs: number, limit: number): Promise<number>
  /** Lists messages, the newest first. */
  webhooks(filter: WebhookFilter, page: PageRequest): Promise<Page<Webhook>>
  /** Makes a message due now, as if it were new except for its id. Returns null when there is none with this id. */
  redeliverWebhook(id: string): Promise<Webhook | null>
}

/** Sends messages to where users want them. */
export interface WebhookSender {
  /**
   * Returns why nothing may be sent to this URL, as a sentence that continues its name, or null when that shows only
   * when it is tried.
   */
  refusal(url: string): string | null
  /** Makes one try. It rejects with the signal's reason only; everything else is an answer. */
  send(message: Pick<DueWebhook, 'id' | 'url' | 'body'>, signal: AbortSignal): Promise<WebhookAnswer>
  close(): void
}
