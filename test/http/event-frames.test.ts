import { describe, expect, it } from 'vitest'
import type { FeedItem } from '../../src/engine/feed/event-feed.js'
import { frameOf } from '../../src/http/server/event-frames.js'

const reset = (lastId: string): FeedItem => ({ kind: 'reset', lastId })
const text = (lastId: string): string =>
  `id: ${lastId}\nevent: reset\ndata: ${JSON.stringify({ type: 'reset', lastId })}\n\n`

describe('frames', () => {
  it('hold the items one behind the other, also as one chunk', () => {
    const { bytes, chunk } = frameOf([reset('e1'), reset('ü2')])
    const written = text('e1') + text('ü2')
    expect(bytes.toString()).toBe(written)
    expect(chunk.toString()).toBe(`${Buffer.byteLength(written).toString(16)}\r\n${written}\r\n`)
  })

  it('are the very same bytes for all that are handed the same array', () => {
    const items = [reset('e1')]
    expect(frameOf(items).chunk).toBe(frameOf(items).chunk)
    expect(frameOf([...items])).not.toBe(frameOf(items))
  })
})
