import { judgeWebhook, type WebhookAnswer, webhookPatienceMs } from '../../core/webhook.js'
import type { Clock, Random } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { Wakeup } from '../../ports/wakeup.js'
import type { DueWebhook, TakenWebhook, WebhookSender, WebhookStore } from '../../ports/webhooks.js'
import { createAgent } from '../async/agent.js'
import { isStorageFailure, type StorageGate } from '../storage/storage-gate.js'
import { createWebhookHosts, type HostVisit } from './webhook-hosts.js'

/**
 * Delivers the outbox: each message at least once, under the same id at every try. It works beside the uploads and
 * never before them, with connections, bounds and a pace of its own.
 */
export interface WebhookAgent {
  start(): void
  /**
   * Breaks off what is on its way and releases it, so that another sender, or this one after the next start, delivers it
   * at once. It is idempotent.
   */
  stop(): Promise<void>
  inFlight(): number
  /** Returns the hosts that do not answer and are tried only now and then. */
  restingHosts(): readonly string[]
}

interface Deps {
  readonly store: Pick<WebhookStore, 'takeWebhooks' | 'noteWebhook' | 'releaseWebhooks' | 'expireWebhooks'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly sender: WebhookSender
  readonly wakeup: Wakeup
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const maxInFlight = 16
const maxPerHost = 4
/** This limits one try: its name lookup, its connection and its answer. */
const timeoutMs = 15_000
/** A message belongs to its sender for so long: for one try, and for as much again to commit its end. */
const leaseMs = 2 * timeoutMs
/** Hints can be lost, so the outbox is looked at this often anyway. */
const pollMs = 15_000
const shortestWaitMs = 10
const expireEveryMs = 600_000
const expireStep = 200
const breatherMs = 1_000

export const createWebhookAgent = (deps: Deps): WebhookAgent => {
  const { store, storage, sender, wakeup, clock, random, logger } = deps
  const hosts = createWebhookHosts(clock, random, maxPerHost, (host, { reason }) =>
    logger.warn({ host, reason }, 'A receiver of webhooks fails: its messages wait, and one at a time is tried'),
  )
  const stopping = new AbortController()
  const { signal } = stopping
  const underWay = new Set<Promise<void>>()
  let lastHost = ''
  let expireAt = Number.NEGATIVE_INFINITY

  const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

  /** Returns null when the daemon stops first. */
  const tryOnce = async (message: DueWebhook): Promise<WebhookAnswer | null> => {
    const over = new AbortController()
    const end = (): void => over.abort()
    signal.addEventListener('abort', end, { once: true })
    const late = new AbortController()
    clock.sleep(timeoutMs, late.signal).then(end, () => {})
    try {
      return await sender.send(message, over.signal)
    } catch (error) {
      if (signal.aborted) return null
      const reason = over.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : 'could not be sent'
      if (!over.signal.aborted)
        logger.error({ webhookId: message.id, reason: reasonOf(error) }, 'Sending a webhook failed because of a bug')
      return { status: null, reason, retryAfterMs: null }
    } finally {
      late.abort()
      signal.removeEventListener('abort', end)
    }
  }

  const deliver = async (message: DueWebhook, visit: HostVisit): Promise<void> => {
    const startedAt = clock.monotonic()
    const answer = await tryOnce(message)
    visit.leave(answer, message.attempts)
    const { id: webhookId, epoch, jobId, type, host, attempts } = message
    if (answer === null) return store.releaseWebhooks([{ id: webhookId, epoch }])
    const durationMs = Math.round(clock.monotonic() - startedAt)
    const verdict = judgeWebhook({ attempts, triedForMs: message.triedForMs + durationMs }, answer, random())
    const fields = { webhookId, jobId, type, host, attempt: attempts + 1, status: answer.status, durationMs }
    if (verdict.to === 'delivered') logger.debug(fields, 'A webhook was delivered')
    else if (verdict.to === 'failed') logger.warn({ ...fields, reason: answer.reason }, 'A webhook is given up')
    else logger.info({ ...fields, reason: answer.reason, delayMs: verdict.delayMs }, 'A webhook is tried again later')
    await store.noteWebhook({ id: webhookId, epoch }, answer, verdict)
  }

  const begin = (message: DueWebhook, visit: HostVisit): void => {
    const ended: Promise<void> = deliver(message, visit)
      .catch((error: unknown) => {
        // The store does not know the outcome, so the message is sent again when its lease is over. It is delivered twice
        // rather than never.
        const fields = { webhookId: message.id, reason: reasonOf(error) }
        if (isStorageFailure(error))
          logger.warn(fields, 'The end of a webhook could not be stored: it will be sent again')
        else logger.error(fields, 'The delivery of a webhook ended in a bug')
      })
      .finally(() => {
        underWay.delete(ended)
        agent.poke()
      })
    underWay.add(ended)
  }

  const expire = async (): Promise<void> => {
    if (clock.monotonic() < expireAt) return
    let total = 0
    for (let count = expireStep; count === expireStep; total += count) {
      count = await store.expireWebhooks(webhookPatienceMs, expireStep)
    }
    expireAt = clock.monotonic() + expireEveryMs
    if (total > 0) logger.warn({ webhooks: total }, 'Webhooks whose receivers did not answer for days are given up')
  }

  /** Begins what may begin, and returns how long to wait for more. */
  const round = async (): Promise<number> => {
    await expire()
    if (underWay.size >= maxInFlight) return pollMs
    const { items, nextDueInMs } = await store.takeWebhooks({
      leaseMs,
      limit: maxInFlight - underWay.size,
      perHost: maxPerHost,
      quotas: hosts.quotas(),
      afterHost: lastHost,
    })
    lastHost = items.at(-1)?.host ?? ''
    // Since they were asked for, the agent may have been stopped, and a host may have begun to fail.
    const unsent: TakenWebhook[] = []
    for (const message of items) {
      const visit = signal.aborted ? null : hosts.enter(message.host)
      if (visit === null) unsent.push({ id: message.id, epoch: message.epoch })
      else begin(message, visit)
    }
    if (unsent.length > 0) await store.releaseWebhooks(unsent)
    const waits = [pollMs, hosts.nextProbeInMs() ?? pollMs, nextDueInMs ?? pollMs]
    return Math.max(shortestWaitMs, Math.min(...waits))
  }

  const agent = createAgent({
    name: 'webhooks',
    clock,
    logger,
    gate: storage,
    wakeOn: (poke) => wakeup.subscribe('webhooks', poke),
    backoff: { firstMs: breatherMs, longestMs: breatherMs },
    round,
  })

  return {
    start: agent.start,
    async stop() {
      stopping.abort()
      await agent.stop()
      await Promise.all(underWay)
    },
    inFlight: () => underWay.size,
    restingHosts: hosts.resting,
  }
}
