import type { read } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSourceReads, type ReadFrom } from '../../../src/adapters/oss/lanes/source-reads.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const idleMs = 15_000
const stalled = { kind: 'stalled', code: 'source_unreadable' }

const file = (device: string, inode: number): ReadFrom => ({ fd: inode, device, inode: String(inode) })

/** Makes reads that are answered when the test says so. */
const setup = (most = 8) => {
  const out: { readonly fd: number; answer(bytes?: number): void }[] = []
  const told: string[] = []
  const hangingRead = ((fd, _buffer, _at, length, _position, answer) => {
    out.push({ fd, answer: (bytes = length as number) => answer(null, bytes, _buffer) })
  }) as typeof read
  const reads = createSourceReads({
    most,
    read: hangingRead,
    onStuck: (fd) => told.push(`stuck ${fd}`),
    onUnstuck: (fd) => told.push(`unstuck ${fd}`),
  })
  /** Returns how a read of ten bytes ends, once it does. */
  const ask = (from: ReadFrom, signal = new AbortController().signal) => {
    const buffer = Buffer.alloc(10)
    const one = { buffer, ended: null as string | null, error: null as unknown }
    reads.fill(from, buffer, 10, 0, signal).then(
      () => {
        one.ended = 'read'
      },
      (error: unknown) => {
        one.ended = 'failed'
        one.error = error
      },
    )
    return one
  }
  const flush = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
  return { reads, out, told, ask, flush }
}

describe('a read of a source', () => {
  it('is given up when it has no answer for fifteen seconds, and its buffer and descriptor stay its own until it has', async () => {
    const { reads, out, told, ask, flush } = setup()
    const one = ask(file('nfs', 7))
    await vi.advanceTimersByTimeAsync(idleMs - 1_000)
    expect(one.ended).toBe(null)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(one.error).toMatchObject(stalled)
    expect(told).toEqual(['stuck 7'])
    expect(reads.mayWriteTo(one.buffer)).toBe(true)
    out[0]?.answer()
    await flush()
    expect(told).toEqual(['stuck 7', 'unstuck 7'])
    expect(reads.mayWriteTo(one.buffer)).toBe(false)
  })

  it('may be slow again and again, as long as it gives something', async () => {
    const { out, told, ask } = setup()
    const one = ask(file('nfs', 7))
    for (let bytes = 1; bytes <= 10; bytes++) {
      await vi.advanceTimersByTimeAsync(idleMs - 1_000)
      out.at(-1)?.answer(1)
    }
    await vi.advanceTimersByTimeAsync(0)
    expect(one.ended).toBe('read')
    expect(told).toEqual([])
  })

  it('is given up two seconds after its caller was told to end, with the reason for that', async () => {
    const { told, ask } = setup()
    const stop = new AbortController()
    const one = ask(file('nfs', 7), stop.signal)
    await vi.advanceTimersByTimeAsync(1_000)
    stop.abort('enough')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(one.ended).toBe(null)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(one).toMatchObject({ ended: 'failed', error: 'enough' })
    expect(told).toEqual(['stuck 7'])
  })

  it('is not given up because the process was stopped for a while', async () => {
    const { out, ask, flush } = setup()
    const one = ask(file('ext4', 7))
    await vi.advanceTimersByTimeAsync(1_000)
    vi.setSystemTime(Date.now() + 3_600_000)
    await vi.advanceTimersByTimeAsync(1_000)
    out[0]?.answer()
    await flush()
    expect(one.ended).toBe('read')
  })

  it('leaves no timer behind', async () => {
    const { out, ask } = setup()
    ask(file('ext4', 7))
    out[0]?.answer()
    await vi.advanceTimersByTimeAsync(idleMs)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a device that hangs', () => {
  it('takes half of the reads, the next one half of the rest, and leaves one to each that works', async () => {
    const { out, ask } = setup(8)
    const started = (device: string, from: number): number => {
      const before = out.length
      for (let inode = from; inode < from + 10; inode++) ask(file(device, inode))
      return out.length - before
    }
    expect(started('first', 10)).toBe(4)
    expect(started('second', 20)).toBe(2)
    expect(started('third', 30)).toBe(1)
    expect(started('healthy', 40)).toBe(1)
  })

  it('fails what waits for room on it when all that is out is stuck, and later reads at once', async () => {
    const { out, ask, flush } = setup(4)
    const all = [1, 2, 3].map((inode) => ask(file('nfs', inode)))
    expect(out).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(idleMs + 1_000)
    expect(all.map(({ ended }) => ended)).toEqual(['failed', 'failed', 'failed'])
    const late = ask(file('nfs', 4))
    await flush()
    expect(late.error).toMatchObject(stalled)
    const healthy = ask(file('ext4', 5))
    out.at(-1)?.answer()
    await flush()
    expect(healthy.ended).toBe('read')
    out[0]?.answer()
    ask(file('nfs', 6))
    expect(out.at(-1)?.fd).toBe(6)
  })

  it('does not fail a file beside the one that hangs, and is not asked for that one again', async () => {
    const { out, ask, flush } = setup(8)
    ask(file('fuse', 1))
    await vi.advanceTimersByTimeAsync(idleMs + 1_000)
    const again = ask(file('fuse', 1))
    const other = ask(file('fuse', 2))
    out.at(-1)?.answer()
    await flush()
    expect(again.error).toMatchObject(stalled)
    expect(other.ended).toBe('read')
    expect(out).toHaveLength(2)
    out[0]?.answer()
    ask(file('fuse', 1))
    expect(out).toHaveLength(3)
  })

  it('is given less patience once a read of it hangs, so that it holds up nobody for long again', async () => {
    const { ask } = setup(8)
    ask(file('nfs', 1))
    await vi.advanceTimersByTimeAsync(10_000)
    const beside = ask(file('nfs', 2))
    const elsewhere = ask(file('ext4', 3))
    await vi.advanceTimersByTimeAsync(6_000)
    expect(beside.ended).toBe(null)
    await vi.advanceTimersByTimeAsync(2_500)
    expect(beside.error).toMatchObject(stalled)
    const later = ask(file('nfs', 4))
    await vi.advanceTimersByTimeAsync(3_000)
    expect(later.error).toMatchObject(stalled)
    expect(elsewhere.ended).toBe(null)
  })

  it('lets what waits for room go on as soon as a read is answered', async () => {
    const { out, ask, flush } = setup(4)
    const all = [1, 2, 3].map((inode) => ask(file('nfs', inode)))
    await vi.advanceTimersByTimeAsync(5_000)
    out[0]?.answer()
    expect(out).toHaveLength(3)
    out[1]?.answer()
    out[2]?.answer()
    await flush()
    expect(all.map(({ ended }) => ended)).toEqual(['read', 'read', 'read'])
  })
})
