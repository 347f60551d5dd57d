import type { Webhook, WebhookAnswer, WebhookState, WebhookVerdict } from '../core/webhook.js'
import type { Page, PageRequest } from './page.js'

/** How many pending messages of one host are looked at; those that are on their way count. */
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
  /** How long it had been tried when the store gave it out. */
  readonly triedForMs: number
}

/**
 * The outbox of webhooks. A message is committed with the event that it tells; it stays until it is settled and its job
 * is gone. Adapters throw as JobStore does.
 */
export interface WebhookStore {
  /**
   * Pending messages that are due, of each host the first due first, at most `perHost` or what its quota says, at most
   * `limit` in all. Hosts are taken in turn by name, beginning behind `afterHost`. Nothing is marked: whoever sends knows
   * what is on its way. `nextDueInMs` is the time until the earliest other of the hosts that were looked at is due.
   */
  dueWebhooks(request: {
    readonly limit: number
    readonly perHost: number
    readonly quotas: readonly HostQuota[]
    readonly afterHost: string
  }): Promise<{ readonly items: readonly DueWebhook[]; readonly nextDueInMs: number | null }>
  /** Commits how a try ended. Of a message that is not pending any more, or is gone: nothing happens. */
  noteWebhook(id: string, answer: WebhookAnswer, verdict: WebhookVerdict): Promise<void>
  /** Fails pending messages that have been tried for longer than this, at most `limit`. Returns how many there were. */
  expireWebhooks(triedForMs: number, limit: number): Promise<number>
  /** Newest first. */
  webhooks(filter: WebhookFilter, page: PageRequest): Promise<Page<Webhook>>
  /** Makes a message due now, as if it were new but for its id; null when there is none of this id. */
  redeliverWebhook(id: string): Promise<Webhook | null>
}

/** Sends messages to where users want them. */
export interface WebhookSender {
  /** Why nothing may be sent to this URL, as a sentence that continues its name; null when that shows only when it is tried. */
  refusal(url: string): string | null
  /** One try. Rejects with the signal's reason only; everything else is an answer. */
  send(message: Pick<DueWebhook, 'id' | 'url' | 'body'>, signal: AbortSignal): Promise<WebhookAnswer>
  close(): void
}
