import type { JobView } from './job-view.js'
import { withoutQuery } from './shown-url.js'

/** These events are told when a job does not say which. They are those with which it settles. */
export const defaultWebhookEvents = ['job.completed', 'job.failed', 'job.cancelled'] as const

export const webhookStates = ['pending', 'delivered', 'failed'] as const
export type WebhookState = (typeof webhookStates)[number]

/** This is a message of the outbox, as the store keeps it. Instants are milliseconds since the epoch. */
export interface Webhook {
  /** This is the id of the event that the message tells. Every try carries it as `webhook-id`. */
  readonly id: string
  readonly jobId: string
  readonly type: string
  readonly url: string
  readonly state: WebhookState
  readonly attempts: number
  readonly createdAt: number
  /**
   * The message is tried since this instant. It is when the message was made, or when a user last asked to deliver it
   * again.
   */
  readonly beganAt: number
  /** This is the time of the next try. It is null unless the message is pending. */
  readonly dueAt: number | null
  readonly attemptedAt: number | null
  /** This is the HTTP status of the last try. It is null when there was no answer. */
  readonly status: number | null
  /** This says why the last try failed. */
  readonly reason: string | null
}

/** This is a message as the API shows it. Instants are ISO 8601 in UTC. */
export interface WebhookView {
  readonly id: string
  readonly jobId: string
  readonly type: string
  readonly url: string
  readonly state: WebhookState
  readonly attempts: number
  readonly createdAt: string
  readonly nextAttemptAt: string | null
  readonly lastAttempt: { readonly at: string; readonly status: number | null; readonly reason: string | null } | null
}

/** Returns the bytes that are signed and sent. They are the same at every try. */
export const webhookBody = (type: string, at: number, job: JobView): string =>
  JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: { job } })

/** Returns the host by which messages are queued, so that one slow host holds up no other. */
export const webhookHost = (url: string): string => new URL(url).host

export const viewWebhook = (webhook: Webhook): WebhookView => ({
  id: webhook.id,
  jobId: webhook.jobId,
  type: webhook.type,
  url: withoutQuery(webhook.url),
  state: webhook.state,
  attempts: webhook.attempts,
  createdAt: new Date(webhook.createdAt).toISOString(),
  nextAttemptAt: webhook.dueAt === null ? null : new Date(webhook.dueAt).toISOString(),
  lastAttempt:
    webhook.attemptedAt === null
      ? null
      : { at: new Date(webhook.attemptedAt).toISOString(), status: webhook.status, reason: webhook.reason },
})

/** A message is tried for so long, counted from when it was made or from when a user last asked to deliver it again. */
export const webhookPatienceMs = 3 * 24 * 3_600_000

const firstDelayMs = 5_000
const growth = 3
const longestDelayMs = 3 * 3_600_000

/**
 * Returns the wait after the n-th failed try. It is 5 s, 15 s, 45 s, ... 3 h, each up to a fifth shorter or longer.
 * `random` is in [0, 1).
 */
export const webhookDelayMs = (attempts: number, random: number): number =>
  Math.round(Math.min(longestDelayMs, firstDelayMs * growth ** Math.min(attempts - 1, 20)) * (0.8 + 0.4 * random))

/** This says how one try ended, as it looks from here. */
export interface WebhookAnswer {
  readonly status: number | null
  readonly reason: string | null
  readonly retryAfterMs: number | null
}

export type WebhookVerdict =
  | { readonly to: 'delivered' }
  | { readonly to: 'failed' }
  | { readonly to: 'pending'; readonly delayMs: number }

const isDelivered = (status: number | null): boolean => status !== null && status >= 200 && status < 300

/** With 410 Gone a receiver says that it will never want this message. No other answer says so. */
const gone = 410

/**
 * Returns what becomes of a message after a try. `attempts` are the failed tries before it, and `triedForMs` is how
 * long it has been tried by now. A receiver may ask for a longer wait, but for no longer than the longest of ours.
 */
export const judgeWebhook = (
  { attempts, triedForMs }: { readonly attempts: number; readonly triedForMs: number },
  answer: WebhookAnswer,
  random: number,
): WebhookVerdict => {
  if (isDelivered(answer.status)) return { to: 'delivered' }
  if (answer.status === gone) return { to: 'failed' }
  const asked = Math.min(answer.retryAfterMs ?? 0, longestDelayMs)
  const delayMs = Math.max(asked, webhookDelayMs(attempts + 1, random))
  return triedForMs + delayMs > webhookPatienceMs ? { to: 'failed' } : { to: 'pending', delayMs }
}
