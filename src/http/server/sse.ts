import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FeedItem } from '../../engine/feed/event-feed.js'
import type { Clock } from '../../ports/clock.js'
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

export interface StreamTiming {
  /**
   * A reader that was sent nothing for so long, at the most for twice as long, is sent a comment, so that proxies keep the
   * connection.
   */
  readonly heartbeatMs: number
  /** A reader that leaves what it was sent in our buffer for so long is cut. */
  readonly stallMs: number
}

const written = (item: FeedItem): string => {
  switch (item.kind) {
    case 'event':
      return `id: ${item.event.id}\nevent: ${item.event.type}\ndata: ${JSON.stringify(item.event)}\n\n`
    case 'progress':
      return `event: job.progress\ndata: ${JSON.stringify({ jobId: item.jobId, progress: item.progress })}\n\n`
    case 'ready':
      return `id: ${item.id}\nevent: ready\ndata: ${JSON.stringify({ id: item.id, type: 'ready', at: item.at })}\n\n`
    case 'reset':
      return `id: ${item.lastId}\nevent: reset\ndata: ${JSON.stringify({ type: 'reset', lastId: item.lastId })}\n\n`
  }
}

/** Readers that keep up are sent the same items. So each item is put into bytes once, and these are kept as long as the item. */
const frames = new WeakMap<FeedItem, Buffer>()

const frameOf = (item: FeedItem): Buffer => {
  const known = frames.get(item)
  if (known !== undefined) return known
  const frame = Buffer.from(written(item))
  frames.set(item, frame)
  return frame
}

const comment = Buffer.from(':\n\n')

/** Resolves to true once everything written has left our buffer, to false when it has not after `stallMs`. */
const drained = async (response: ServerResponse, clock: Clock, stallMs: number, signal: AbortSignal) => {
  // Most often the kernel takes everything in this turn, and no timer is needed.
  await new Promise((resolve) => setImmediate(resolve))
  if (!response.writableNeedDrain) return true
  const over = new AbortController()
  const onDrain = (): void => over.abort()
  response.once('drain', onDrain)
  signal.addEventListener('abort', onDrain, { once: true })
  try {
    if (signal.aborted) return true
    return await clock.sleep(stallMs, over.signal).then(
      () => false,
      () => true,
    )
  } finally {
    response.off('drain', onDrain)
    signal.removeEventListener('abort', onDrain)
  }
}

/** Returns whether a response can still be written. A write that comes too late would be an uncaught error. */
const takesMore = (response: ServerResponse): boolean => !response.destroyed && !response.writableEnded

/** Creates one heartbeat for all readers, which beats while there are any. */
const createHeart = (clock: Clock, heartbeatMs: number) => {
  /** True for a reader that was sent something since the last beat. */
  const readers = new Map<ServerResponse, boolean>()
  let still = new AbortController()

  const beat = async (life: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.sleep(heartbeatMs, life).catch(() => undefined)
      if (life.aborted) return
      for (const [response, isAwake] of readers) {
        readers.set(response, false)
        if (!isAwake && takesMore(response) && !response.writableNeedDrain) response.write(comment)
      }
    }
  }

  return {
    add(response: ServerResponse): void {
      readers.set(response, true)
      if (readers.size > 1) return
      still = new AbortController()
      void beat(still.signal)
    },
    sent: (response: ServerResponse): void => void readers.set(response, true),
    remove(response: ServerResponse): void {
      if (readers.delete(response) && readers.size === 0) still.abort()
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

export interface EventStreams {
  /**
   * Takes over the reply and sends what `listen` yields until it ends, the client hangs up or the app closes. Reads the
   * next item only when the reader has taken the ones before, so a slow reader costs one buffer; one that stalls is cut.
   */
  serve(request: FastifyRequest, reply: FastifyReply, listen: (signal: AbortSignal) => AsyncIterable<FeedItem>): void
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
  const pump = async (response: ServerResponse, items: AsyncIterable<FeedItem>, signal: AbortSignal) => {
    for await (const item of items) {
      if (signal.aborted || !takesMore(response)) return false
      heart.sent(response)
      if (response.write(frameOf(item))) continue
      if (!(await drained(response, clock, timing.stallMs, signal))) return true
    }
    return false
  }

  return {
    serve(request, reply, listen) {
      reply.hijack()
      const response = reply.raw
      if (!takesMore(response)) return
      response.writeHead(200, {
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
      heart.add(response)
      readers.readerCame()
      pump(response, listen(signal), signal)
        .catch((error: unknown) => {
          request.log.error(
            { reason: error instanceof Error ? error.message : 'unknown' },
            'An event stream broke off.',
          )
          return false
        })
        .then((stalled) => {
          heart.remove(response)
          readers.readerWent(stalled)
          return end(response, clock)
        })
    },
  }
}
