import type { FeedItem } from '../../engine/feed/event-feed.js'

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

/** A frame is what a reader is sent at once. */
export interface Frame {
  readonly bytes: Buffer
  /** This is the frame as one chunk of a chunked answer. */
  readonly chunk: Buffer
}

const lineEnd = Buffer.from('\r\n')

const framed = (parts: readonly Buffer[]): Frame => {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.from(`${length.toString(16)}\r\n`)
  const chunk = Buffer.concat([head, ...parts, lineEnd])
  return { chunk, bytes: chunk.subarray(head.length, head.length + length) }
}

/** A comment keeps a connection awake. */
export const commentFrame = framed([Buffer.from(':\n\n')])

/** Readers with different filters are handed the same items. Each item is put into bytes once, as long as it is kept. */
const bytesOfItems = new WeakMap<FeedItem, Buffer>()

const bytesOf = (item: FeedItem): Buffer => {
  const known = bytesOfItems.get(item)
  if (known !== undefined) return known
  const bytes = Buffer.from(written(item))
  bytesOfItems.set(item, bytes)
  return bytes
}

/** Readers with the same filter are handed the same arrays, and so they are sent the very same bytes. */
const frames = new WeakMap<readonly FeedItem[], Frame>()

/** Returns the frame of some items. It is made once. */
export const frameOf = (items: readonly FeedItem[]): Frame => {
  const known = frames.get(items)
  if (known !== undefined) return known
  const frame = framed(items.map(bytesOf))
  frames.set(items, frame)
  return frame
}
