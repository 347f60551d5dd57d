import { write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

export interface LogDestination extends DestinationStream {
  /**
   * Returns whether the reader has taken nothing for a while. Then a thread hangs in its write, and would hold up a
   * clean exit.
   */
  isStuck(): boolean
  /** Resolves when nothing is held or on its way any more, or when that cannot be expected. */
  drained(): Promise<void>
}

/** So many characters are held in memory while nothing can be written. Lines beyond that are dropped and counted. */
const mostHeld = 1024 * 1024
/** A write that failed is tried again after this time. */
const retryMs = 2_000
/** A write that takes longer is waiting for a reader that has stopped. */
const stuckMs = 1_000
const drainLookMs = 5

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

/** Returns the note in the form of the other lines, because programs read them. */
const noteOf = (dropped: number): string => {
  const time = new Date().toISOString()
  return `${JSON.stringify({ level: 'warn', time, dropped, msg: 'Log lines were dropped while they could not be written' })}\n`
}

/**
 * Creates the destination of the log. The lines of one turn of the event loop are written together, by another thread,
 * so that a reader that has stopped holds up no other work. A write to a full disk is tried again. Lines that do not
 * fit into memory meanwhile are dropped and counted, and the log says so when there is room. A reader that went away
 * ends the log, but not the process. Lines that are held when the process exits are written then.
 */
export const createLogDestination = (fd: number): LogDestination => {
  let held = ''
  let dropped = 0
  /** This buffer is on its way, or waits for its next try. */
  let flying: Buffer | null = null
  /** This is when the system was given the buffer. It is null while the system has nothing of ours. */
  let givenAt: number | null = null
  let scheduled = false
  let gone = false

  const later = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(flush)
  }

  const landed = (error: Error | null, written: number): void => {
    const buffer = flying ?? Buffer.alloc(0)
    givenAt = null
    if (error !== null) {
      if (errnoOf(error) === 'EPIPE') {
        gone = true
        held = ''
        flying = null
      } else setTimeout(() => fly(buffer), retryMs).unref()
      return
    }
    if (written < buffer.length) {
      fly(buffer.subarray(written))
      return
    }
    flying = null
    if (dropped > 0) {
      // The held lines came before the lines that were dropped.
      held += noteOf(dropped)
      dropped = 0
    }
    if (held !== '') later()
  }

  const fly = (buffer: Buffer): void => {
    flying = buffer
    givenAt = performance.now()
    write(fd, buffer, 0, buffer.length, null, landed)
  }

  const flush = (): void => {
    scheduled = false
    if (flying !== null || held === '') return
    const buffer = Buffer.from(held)
    held = ''
    fly(buffer)
  }

  const isStuck = (): boolean => givenAt !== null && performance.now() - givenAt > stuckMs

  process.once('exit', () => {
    if (gone || isStuck()) return
    try {
      if (flying !== null && givenAt === null) writeSync(fd, flying)
      if (held !== '') writeSync(fd, held)
    } catch {
      // A log that cannot be written must not change how the process ends.
    }
  })

  return {
    write(line) {
      if (gone) return
      if (held.length + line.length > mostHeld) {
        dropped += 1
        return
      }
      held += line
      if (flying === null) later()
    },
    isStuck,
    async drained() {
      const waits = (): boolean => givenAt !== null || (flying === null && held !== '')
      while (!gone && !isStuck() && waits()) await new Promise((resolve) => setTimeout(resolve, drainLookMs))
    },
  }
}
