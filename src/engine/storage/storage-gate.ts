import { AppError } from '../../core/app-error.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { Store } from '../../ports/store.js'
import { wrapMethods } from './wrap-methods.js'

/**
 * Stands between the engine and the world while the database accepts no writes. The first call that the medium fails
 * shuts the gate, so that side effects stop before the API does. The first `check` that succeeds opens it, and the gate
 * makes these checks itself. Nothing is claimed and nothing is sent through a shut gate, but reads go on.
 */
export interface StorageGate {
  /** The gate learns from the calls to this store, so all parts of the engine use it. */
  readonly store: Store
  /** Returns why the gate is shut. It is null while the gate is open. */
  failure(): AppError | null
  /**
   * Resolves to true once the gate is open, and at once when it is. It resolves to false when the signal aborts first
   * or the daemon stops.
   */
  opens(signal: AbortSignal): Promise<boolean>
  /** The daemon stops, so no call waits from now on. It is idempotent. */
  close(): void
}

interface Deps {
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The database is asked again after the first delay, then after twice as long each time, and at last every
 * `longestDelayMs`.
 */
const firstDelayMs = 250
const longestDelayMs = 2_000
/**
 * When the gate is shut again sooner than this after it opened, it goes on with the delay it had, so that a nearly full
 * disk is not asked too often.
 */
const steadyMs = 10_000

export const isStorageFailure = (error: unknown): error is AppError =>
  error instanceof AppError && (error.code === 'storage_full' || error.code === 'storage_unavailable')

export const createStorageGate = ({ store, clock, logger }: Deps): StorageGate => {
  const waiters = new Set<(open: boolean) => void>()
  const closing = new AbortController()
  let failure: AppError | null = null
  let probing = false
  let delayMs = firstDelayMs
  let shutAt = 0
  let openedAt = Number.NEGATIVE_INFINITY

  const tellAll = (open: boolean): void => {
    for (const tell of [...waiters]) tell(open)
  }

  const probe = async (): Promise<void> => {
    probing = true
    while (failure !== null && !closing.signal.aborted) {
      await clock.sleep(delayMs, closing.signal).catch(() => {})
      delayMs = Math.min(delayMs * 2, longestDelayMs)
      // Its outcome reaches the gate as that of any other call.
      if (!closing.signal.aborted) await watched.check().catch(() => {})
    }
    probing = false
  }

  const shut = (error: AppError): void => {
    const wasOpen = failure === null
    failure = error
    if (!wasOpen) return
    shutAt = clock.monotonic()
    if (shutAt - openedAt >= steadyMs) delayMs = firstDelayMs
    logger.error(
      { code: error.code, reason: error.message },
      'The database accepts no writes: nothing is claimed or sent until it does',
    )
    if (!probing) void probe()
  }

  const open = (): void => {
    if (failure === null) return
    failure = null
    openedAt = clock.monotonic()
    logger.info({ afterMs: Math.round(openedAt - shutAt) }, 'The database accepts writes again: work goes on')
    tellAll(true)
  }

  const watched = wrapMethods(store, async (method, call) => {
    try {
      const answer = await call()
      // A read proves nothing, and a full disk may still have room for one more small row, so only the probe opens the
      // gate.
      if (method === 'check') open()
      return answer
    } catch (error) {
      if (isStorageFailure(error)) shut(error)
      throw error
    }
  })

  return {
    store: watched,
    failure: () => failure,
    opens(signal) {
      if (failure === null) return Promise.resolve(true)
      if (signal.aborted || closing.signal.aborted) return Promise.resolve(false)
      return new Promise((resolve) => {
        const tell = (open: boolean): void => {
          signal.removeEventListener('abort', giveUp)
          waiters.delete(tell)
          resolve(open)
        }
        const giveUp = (): void => tell(false)
        signal.addEventListener('abort', giveUp, { once: true })
        waiters.add(tell)
      })
    },
    close() {
      closing.abort()
      tellAll(false)
    },
  }
}
