import type { Clock } from '../../../ports/clock.js'
import type { Logger } from '../../../ports/logger.js'
import type { Operations } from './protocol.js'
import type { DirectOperation, ReadConnection } from './read-connection.js'

/** A disk that makes a read take so long would hold up everything else on this thread. */
const slowMs = 100
/** After a slow read, or when the connection cannot be opened, the store's thread is asked for so long. */
const restMs = 10_000

/**
 * Answers reads of one job or batch on the caller's own thread, so that they wait neither for a commit nor for the turn of
 * another thread. They see everything that the store has answered, because an answer leaves after its COMMIT.
 */
export interface DirectReads {
  /**
   * Returns what `read` returns, or null when the store's thread must be asked: in the first moments, until the connection is
   * open, for a while after a slow read, and whenever a read fails, because the thread says what that means.
   */
  attempt<T>(read: (operations: Operations<DirectOperation>) => T): { readonly value: T } | null
  /** Closes the connection. The store's thread must be told to close only after this. It is idempotent. */
  close(): void
}

export interface DirectReadsDeps {
  /** Opens the connection. */
  readonly open: () => Promise<() => ReadConnection>
  /**
   * The first read after so long begins to open the connection. To load what it needs takes longer than hundreds of reads,
   * and uploads that resume after a start must not wait for it.
   */
  readonly afterMs: number
  readonly clock: Pick<Clock, 'monotonic'>
  readonly logger: Logger
}

export const createDirectReads = ({ open, afterMs, clock, logger }: DirectReadsDeps): DirectReads => {
  let connection: ReadConnection | null = null
  let isOpening = false
  let isClosed = false
  let restsUntil = clock.monotonic() + afterMs

  const rest = (): void => {
    restsUntil = clock.monotonic() + restMs
  }

  const begin = async (): Promise<void> => {
    isOpening = true
    try {
      const openNow = await open()
      if (!isClosed) connection = openNow()
    } catch (error) {
      rest()
      const reason = error instanceof Error ? error.message : String(error)
      if (!isClosed)
        logger.warn({ reason }, 'every read goes through the thread of the store: no other connection opens')
    }
    isOpening = false
  }

  return {
    attempt(read) {
      if (isClosed || clock.monotonic() < restsUntil) return null
      if (connection === null) {
        if (!isOpening) void begin()
        return null
      }
      const began = clock.monotonic()
      try {
        return { value: read(connection.operations) }
      } catch {
        return null
      } finally {
        if (clock.monotonic() - began > slowMs) rest()
      }
    },
    close() {
      isClosed = true
      connection?.close()
      connection = null
    },
  }
}
