import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TakeItems } from '../../engine/feed/event-feed.js'
import type { Clock } from '../../ports/clock.js'
import { commentFrame, type Frame, frameOf } from './event-frames.js'
import type { Lingering } from './lingering.js'

/*
 * We send event streams ourselves, because @fastify/sse 0.6 waits for `drain` alone (a reader that hangs up while its buffer
 * is full leaves the handler waiting forever), lets heartbeats pile up behind a full buffer, never cuts a stalled reader, and
 * does not end its streams when the app closes.
 */

/** An EventSource comes back so soon after a cut. */
const retryMs = 2000

/** The last bytes of an ended stream have so long to leave. A stalled reader must not keep the app from closing. */
const endGraceMs = 1000

const nothingMore = Promise.resolve(false)

export interface StreamTiming {
  /**
   * A reader that was sent nothing for so long, at the most for twice as long, is sent a comment, so that proxies keep the
   * connection.
   */
  readonly heartbeatMs: number
  /** A reader that leaves what it was sent in our buffer for so long is cut. */
  readonly stallMs: number
}

/** Returns whether a response can still be written. A write that comes too late would be an uncaught error. */
const takesMore = (response: ServerResponse): boolean => !response.destroyed && !response.writableEnded

/** This is the way to one reader. */
interface Stream {
  /** Sends a frame. What the kernel does not take stays in our buffer. */
  send(frame: Frame): void
  /** Returns whether the kernel did not take what was sent, and our buffer is full of it. */
  isFull(): boolean
  /** Resolves to true when our buffer is empty or the signal aborts, and to false when it is neither after `stallMs`. */
  drained(clock: Clock, stallMs: number, signal: AbortSignal): Promise<boolean>
  /** Returns whether a frame can still be sent. */
  takesMore(): boolean
}

/**
 * Writes chunks straight to the socket, because with thousands of readers `response.write`, which makes three writes of
 * one, would cost a third of a round. The head of the answer must have been sent. A response that waits for the one before
 * it on a connection has no socket yet.
 */
const streamTo = (response: ServerResponse): Stream => {
  const socket = response.chunkedEncoding ? response.socket : null
  const out = socket ?? response
  return {
    send: (frame) => void out.write(socket === null ? frame.bytes : frame.chunk),
    // A frame that is larger than the buffer asks for a drain even when the kernel has taken all of it.
    isFull: () => out.writableNeedDrain && out.writableLength > 0,
    async drained(clock, stallMs, signal) {
      const over = new AbortController()
      const onDrain = (): void => over.abort()
      out.once('drain', onDrain)
      signal.addEventListener('abort', onDrain, { once: true })
      try {
        if (signal.aborted) return true
        return await clock.sleep(stallMs, over.signal).then(
          () => false,
          () => true,
        )
      } finally {
        out.off('drain', onDrain)
        signal.removeEventListener('abort', onDrain)
      }
    },
    takesMore: () => takesMore(response),
  }
}

/** Creates one heartbeat for all readers, which beats while there are any. */
const createHeart = (clock: Clock, heartbeatMs: number) => {
  /** True for a reader that was sent something since the last beat. */
  const readers = new Map<Stream, boolean>()
  let still = new AbortController()

  const beat = async (life: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.sleep(heartbeatMs, life).catch(() => undefined)
      if (life.aborted) return
      for (const [stream, isAwake] of readers) {
        readers.set(stream, false)
        if (!isAwake && stream.takesMore() && !stream.isFull()) stream.send(commentFrame)
      }
    }
  }

  return {
    add(stream: Stream): void {
      readers.set(stream, true)
      if (readers.size > 1) return
      still = new AbortController()
      void beat(still.signal)
    },
    sent: (stream: Stream): void => void readers.set(stream, true),
    remove(stream: Stream): void {
      if (readers.delete(stream) && readers.size === 0) still.abort()
    },
  }
}

const end = async (response: ServerResponse, clock: Clock): Promise<void> => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  if (response.closed) gone.abort()
  response.end()
  await clock.sleep(endGraceMs, gone.signal).catch(() => undefined)
  if (!response.writableFinished) response.destroy()
}

/** Hands items to `take` until there are no more, or the signal aborts, or `take` wants no more. */
export type Listen = (take: TakeItems, signal: AbortSignal) => Promise<void>

export interface EventStreams {
  /**
   * Takes over the reply and sends what `listen` hands over until it ends, the client hangs up or the app closes. A reader
   * is handed more only when it has taken what came before, so a slow reader costs one buffer; one that stalls is cut.
   */
  serve(request: FastifyRequest, reply: FastifyReply, listen: Listen): void
}

/** It is told when readers come and go. */
export interface ReaderCount {
  readerCame(): void
  /** `cut` says that the reader stalled and we ended its stream. */
  readerWent(cut: boolean): void
}

export const createEventStreams = (deps: {
  readonly clock: Clock
  readonly lingering: Lingering
  readonly timing: StreamTiming
  readonly readers: ReaderCount
}): EventStreams => {
  const { clock, lingering, timing, readers } = deps
  const heart = createHeart(clock, timing.heartbeatMs)

  /** Resolves to true when the reader stalled. */
  const pump = async (stream: Stream, listen: Listen, signal: AbortSignal): Promise<boolean> => {
    let hasStalled = false
    const roomIn = async (): Promise<boolean> => {
      hasStalled = !(await stream.drained(clock, timing.stallMs, signal))
      return !hasStalled
    }
    const take: TakeItems = (items) => {
      if (signal.aborted || !stream.takesMore()) return nothingMore
      heart.sent(stream)
      stream.send(frameOf(items))
      return stream.isFull() ? roomIn() : null
    }
    await listen(take, signal)
    return hasStalled
  }

  return {
    serve(request, reply, listen) {
      reply.hijack()
      const response = reply.raw
      if (!takesMore(response)) return
      response.writeHead(200, {
        ...(reply.getHeaders() as OutgoingHttpHeaders),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // A connection that is kept alive for another request, which never comes, would keep the app from closing.
        connection: 'close',
        'x-accel-buffering': 'no',
      })
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      response.write(`retry: ${retryMs}\n\n`)
      const signal = lingering.signalFor(reply)
      const stream = streamTo(response)
      heart.add(stream)
      readers.readerCame()
      pump(stream, listen, signal)
        .catch((error: unknown) => {
          request.log.error(
            { reqId: request.id, reason: error instanceof Error ? error.message : 'unknown' },
            'An event stream broke off.',
          )
          return false
        })
        .then((stalled) => {
          heart.remove(stream)
          readers.readerWent(stalled)
          return end(response, clock)
        })
    },
  }
}
