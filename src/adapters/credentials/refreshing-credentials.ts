import { Failure } from '../../core/failure.js'
import { doubled } from '../../core/retry.js'
import type { Clock, Random } from '../../ports/clock.js'
import type { CredentialSet, Credentials } from '../../ports/credentials.js'
import type { Logger } from '../../ports/logger.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { type FetchedKeys, type KeySource, noKeys } from './key-source.js'

export interface RefreshingCredentials extends Credentials {
  /**
   * Returns when the keys expire by the wall clock, in milliseconds. It is null while there are no keys, and for keys
   * that name no expiry.
   */
  expiresAt(): number | null
  /** Ends all fetching. It is idempotent. */
  close(): void
}

export interface RefreshingCredentialsDeps {
  readonly source: KeySource
  readonly clock: Clock
  readonly random: Random
  readonly wakeup: Wakeup
  readonly logger: Logger
}

const fetchTimeoutMs = 30_000
const basePauseMs = 1_000
const longestPauseMs = 30_000
/**
 * OSS may be wrong about keys that no operator replaces. So they are tried again soon, and less and less often while
 * OSS goes on refusing them.
 */
const firstRefusedMs = 2_000
const longestRefusedMs = 5 * 60_000
const longestLeadMs = 10 * 60_000
/**
 * This share of the lifetime of short-lived keys is the lead. The lead varies, so that many daemons of one operator do
 * not all ask at the same moment.
 */
const leadShare = 0.3

/**
 * Returns after how long to fetch again, ahead of an expiry that lies `lifetimeMs` ahead. Each daemon gets a lead of
 * its own.
 */
const refreshDelayMs = (lifetimeMs: number, random: number): number => {
  const leadMs = Math.min(longestLeadMs, lifetimeMs * leadShare)
  return Math.max(basePauseMs, lifetimeMs - leadMs * (1 + random / 2))
}

const sameKeys = (held: CredentialSet | null, fetched: FetchedKeys): boolean =>
  held !== null &&
  held.accessKeyId === fetched.accessKeyId &&
  held.accessKeySecret === fetched.accessKeySecret &&
  held.securityToken === fetched.securityToken

/** Resolves with the promise, or rejects with the signal's reason. The promise itself goes on for its other callers. */
const orAborted = async (promise: Promise<void>, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  await Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}

/**
 * Keeps the keys of a source fresh. It fetches at once and then ahead of each expiry, one fetch at a time, and more and
 * more slowly while fetching fails or OSS refuses what was fetched. When OSS refuses keys and no others can be fetched,
 * the keys are held back, so that no request is sent with them. They are held back for seconds at first, and for up to
 * five minutes in the end or once they have expired. The holding back ends when an answer shows that OSS takes the keys
 * after all. The clock's wall part only tells how long keys live; everything else is measured in durations.
 */
export const createRefreshingCredentials = (deps: RefreshingCredentialsDeps): RefreshingCredentials => {
  const { source, clock, random, wakeup, logger } = deps
  let held: CredentialSet | null = null
  let expiresAt: number | null = null
  let heldBackUntil = Number.NEGATIVE_INFINITY
  /** Aborting this ends the wait for the end of the holding back, so that only the last wait sends a hint. */
  let holding = new AbortController()
  /** This counts how often the held keys were held back since OSS last took them. */
  let refusals = 0
  let failing = false
  /** This counts the fetches in a row that failed, or that a refusal by OSS made necessary. */
  let pressure = 0
  let nextForcedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | null = null
  let plan = new AbortController()
  let closed = false

  /** A source that is cheap to look at is looked at as often as ever. */
  const ownLongestPauseMs = Math.min(longestPauseMs, source.recheckMs ?? longestPauseMs)

  const isHeldBack = (): boolean => clock.monotonic() < heldBackUntil

  /**
   * Returns whether the keys have expired according to their issuer. Then they are not tried again soon, because only
   * other keys can help.
   */
  const haveExpired = (): boolean => expiresAt !== null && expiresAt <= clock.now()

  const release = (): void => {
    holding.abort()
    heldBackUntil = Number.NEGATIVE_INFINITY
    refusals = 0
  }

  const pauseMs = (): number => doubled(basePauseMs, pressure, ownLongestPauseMs) * (0.5 + random() / 2)

  const planFetch = (delayMs: number): void => {
    plan.abort()
    plan = new AbortController()
    if (closed) return
    const due = (): void => void (fetching ?? fetchOnce(false))
    clock.sleep(delayMs, plan.signal).then(due, () => {})
  }

  const fetchInTime = async (): Promise<FetchedKeys> => {
    const ended = new AbortController()
    const late = clock.sleep(fetchTimeoutMs, ended.signal).then(() => {
      throw noKeys(`${source.name} gave no answer within ${fetchTimeoutMs / 1000} s`)
    })
    return Promise.race([source.fetchKeys(), late]).finally(() => ended.abort())
  }

  const take = (fetched: FetchedKeys): void => {
    if (failing) logger.info({ source: source.name }, 'Credentials are available again')
    failing = false
    expiresAt = fetched.expiresAt
    if (sameKeys(held, fetched)) return
    const { accessKeyId, accessKeySecret, securityToken, temporary } = fetched
    held = Object.freeze({ accessKeyId, accessKeySecret, securityToken, temporary })
    release()
    logger.debug({ source: source.name, accessKeyId }, 'New credentials')
    wakeup.notify('jobs')
  }

  const complain = (error: unknown): void => {
    const reason = error instanceof Failure ? error.message : `${source.name} failed in an unexpected way`
    const lot = held === null ? 'jobs wait until there are some' : 'the old ones stay in use'
    if (failing) logger.debug({ reason }, 'There are still no credentials')
    else logger.warn({ reason }, `No credentials are available: ${lot}`)
    failing = true
  }

  /** Returns null when the keys name no expiry that a plan could be based on. */
  const lifetimeOf = ({ expiresAt }: FetchedKeys): number | null =>
    expiresAt === null ? null : expiresAt - clock.now()

  const fetchAndPlan = async (forced: boolean): Promise<void> => {
    const wereRefused = refusals > 0
    let delayMs: number | null
    try {
      const fetched = await fetchInTime()
      if (closed) return
      take(fetched)
      const lifetimeMs = lifetimeOf(fetched)
      // When fetched keys have expired already, their issuer is late or a clock is wrong.
      const expired = lifetimeMs !== null && lifetimeMs <= 0
      pressure = forced || wereRefused || expired ? pressure + 1 : 0
      // Other keys are looked for until there are some, or until OSS takes these.
      if (expired || refusals > 0) delayMs = pauseMs()
      else delayMs = lifetimeMs === null ? source.recheckMs : refreshDelayMs(lifetimeMs, random())
    } catch (error) {
      if (closed) return
      complain(error)
      pressure++
      delayMs = pauseMs()
    }
    nextForcedAt = pressure === 0 ? Number.NEGATIVE_INFINITY : clock.monotonic() + pauseMs()
    if (delayMs !== null) planFetch(delayMs)
  }

  const fetchOnce = (forced: boolean): Promise<void> => {
    plan.abort()
    const ended = fetchAndPlan(forced).finally(() => {
      fetching = null
    })
    fetching = ended
    return ended
  }

  const holdBack = (): void => {
    // Requests that were under way together are refused together, and that counts as one refusal.
    if (isHeldBack()) return
    if (refusals === 0)
      logger.warn(
        { source: source.name },
        'OSS refuses the credentials and there are no others: jobs wait for new ones',
      )
    const refusedForMs = haveExpired() ? longestRefusedMs : doubled(firstRefusedMs, refusals, longestRefusedMs)
    refusals++
    heldBackUntil = clock.monotonic() + refusedForMs
    holding = new AbortController()
    const tryAgain = (): void => wakeup.notify('jobs')
    if (!closed) clock.sleep(refusedForMs, holding.signal).then(tryAgain, () => {})
    planFetch(Math.max(0, nextForcedAt - clock.monotonic()))
  }

  void fetchOnce(false)
  return {
    current() {
      if (held === null) throw noKeys(`There are no credentials from ${source.name} yet`)
      if (isHeldBack()) throw noKeys(`OSS refuses the credentials from ${source.name}`)
      return held
    },
    expiresAt: () => expiresAt,
    areAtHand: () => held !== null && !isHeldBack(),
    async renew(refused, signal) {
      signal.throwIfAborted()
      if (held === refused) {
        const tooSoon = fetching === null && clock.monotonic() < nextForcedAt
        if (!tooSoon) await orAborted(fetching ?? fetchOnce(true), signal)
        if (held === refused) holdBack()
      }
      return !isHeldBack()
    },
    accepted(keys) {
      // An answer to a request that was sent before the keys expired says nothing about the next request.
      if (held !== keys || refusals === 0 || haveExpired()) return
      logger.info({ source: source.name }, 'OSS accepts the credentials again')
      release()
      wakeup.notify('jobs')
    },
    close() {
      closed = true
      holding.abort()
      plan.abort()
    },
  }
}
