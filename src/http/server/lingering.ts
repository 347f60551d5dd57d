import type { FastifyReply, FastifyRequest } from 'fastify'

/** Requests that stay open on purpose: event streams and `?wait=`. */
export interface Lingering {
  /** Returns a signal that aborts when the client hangs up, the answer is done, or the app closes. */
  signalFor(reply: FastifyReply): AbortSignal
  /** Returns whether a request stays open on purpose, or did. The time that it took says nothing about the daemon. */
  isLingering(request: FastifyRequest): boolean
  /** Aborts the requests for which `isOver` returns true. */
  endWhere(isOver: (request: FastifyRequest) => boolean): void
  /** Aborts all of these requests, and every later one at once. */
  endAll(): void
}

/** Without `endAll` an open stream would keep `app.close()` waiting forever. */
export const createLingering = (): Lingering => {
  const open = new Map<AbortController, FastifyRequest>()
  const seen = new WeakSet<FastifyRequest>()
  let ended = false
  return {
    signalFor(reply) {
      seen.add(reply.request)
      const controller = new AbortController()
      if (ended || reply.raw.destroyed) {
        controller.abort()
        return controller.signal
      }
      open.set(controller, reply.request)
      reply.raw.once('close', () => {
        open.delete(controller)
        controller.abort()
      })
      return controller.signal
    },
    isLingering: (request) => seen.has(request),
    endWhere(isOver) {
      for (const [controller, request] of open) if (isOver(request)) controller.abort()
    },
    endAll() {
      ended = true
      for (const controller of open.keys()) controller.abort()
    },
  }
}
