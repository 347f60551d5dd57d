import type { FastifyReply } from 'fastify'

/** Requests that stay open on purpose: event streams and `?wait=`. */
export interface Lingering {
  /** A signal that aborts when the client hangs up, the answer is done, or the app closes. */
  signalFor(reply: FastifyReply): AbortSignal
  /** Aborts all of them, and every later one at once. */
  endAll(): void
}

/** Without `endAll` an open stream would keep `app.close()` waiting for ever. */
export const createLingering = (): Lingering => {
  const open = new Set<AbortController>()
  let ended = false
  return {
    signalFor(reply) {
      const controller = new AbortController()
      if (ended || reply.raw.destroyed) {
        controller.abort()
        return controller.signal
      }
      open.add(controller)
      reply.raw.once('close', () => {
        open.delete(controller)
        controller.abort()
      })
      return controller.signal
    },
    endAll() {
      ended = true
      for (const controller of open) controller.abort()
    },
  }
}
