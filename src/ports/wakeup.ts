/**
 * Hints that something may be worth looking at: `jobs` (a claim may find work), `events` (the feed grew), `desires` (a
 * user wants something of a running job), `webhooks` (the outbox has something to send). It is only a hint. Every
 * subscriber also polls, so a lost hint costs time, but never truth.
 */
export const wakeupTopics = ['jobs', 'events', 'desires', 'webhooks'] as const
export type WakeupTopic = (typeof wakeupTopics)[number]

export interface Wakeup {
  notify(topic: WakeupTopic): void
  /** Returns the function that ends the subscription. Listeners must not throw. */
  subscribe(topic: WakeupTopic, listener: () => void): () => void
}
