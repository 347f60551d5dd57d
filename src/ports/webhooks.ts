import type { Webhook, WebhookAnswer, WebhookState, WebhookVerdict } from '../core/webhook.js'
import type { Page, PageRequest } from './page.js'

/** The number of messages of one host that may be on their way. Those that any sender has taken count. */
export interface HostQuota {
  readonly host: string
  readonly limit: number
}

export interface WebhookFilter {
  readonly jobId?: string
  readonly state?: WebhookState
}

/**
 * The right of one sender to send a message for a while. `epoch` grows with each taking and fences what is noted of the
 * message.
 */
export interface TakenWebhook {
  readonly id: string
  readonly epoch: number
}

/** A message that was taken to be sent, with the bytes that are signed and sent. */
export interface DueWebhook extends Webhook, TakenWebhook {
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
   * Takes pending messages that are due, the first due of each host first, at most `limit` in all. Of a host it takes as
   * many that `perHost`, or the host's quota, are on their way, and counts those that any other sender has taken. Hosts
   * are taken in turn by name, beginning behind `afterHost`. What was taken is given to no other caller before `leaseMs`
   * have passed, unless it is noted or released earlier. `nextDueInMs` is the time until the earliest other message of
   * the hosts that were looked at is due, or until its lease is over.
   */
  takeWebhooks(request: {
    readonly leaseMs: number
    readonly limit: number
    readonly perHost: number
    readonly quotas: readonly HostQuota[]
    readonly afterHost: string
  }): Promise<{ readonly items: readonly DueWebhook[]; readonly nextDueInMs: number | null }>
  /**
   * Commits how a try ended, and the lease with it. When another taking has overtaken this one, or the message is not
   * pending any more or gone, nothing happens.
   */
  noteWebhook(taken: TakenWebhook, answer: WebhookAnswer, verdict: WebhookVerdict): Promise<void>
  /** Releases messages whose try was broken off or never begun, so that any sender can take them at once. */
  releaseWebhooks(taken: readonly TakenWebhook[]): Promise<void>
  /** Fails pending messages that have been tried for longer than this, at most `limit`. Returns how many there were. */
  expireWebhooks(triedForMs: number, limit: number): Promise<number>
  /** Lists messages, the newest first. */
  webhooks(filter: WebhookFilter, page: PageRequest): Promise<Page<Webhook>>
  /**
   * Makes a message due now, as if it were new except for its id. The end of a try that is under way then changes nothing.
   * Returns null when there is no message with this id.
   */
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
