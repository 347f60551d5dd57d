import { afterEach, describe, expect, it } from 'vitest'
import { settledFingerprint, unsettledMs } from '../../src/engine/upload/source-guard.js'
import type { OpenSource } from '../../src/ports/source.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

const now = Date.UTC(2026, 0, 1)
const changedAt = (ms: number, ns = '123456') => ({
  node: null,
  dev: '1',
  ino: '1',
  size: 1,
  mtimeNs: '0',
  ctimeNs: `${Math.floor(ms)}${ns}`,
})

describe('a file that was changed just now', () => {
  it.each([
    ['in this very tick', changedAt(now - 1), 19],
    ['a tick ago', changedAt(now - 20), 0],
    ['long ago', changedAt(now - 1_000_000), 0],
    ['by a clock that is ahead', changedAt(now + 3_600_123), 20],
    ['on a file system that keeps whole seconds', changedAt(now - 1_000, '000000'), 1_000],
    ['on such a file system, long ago', changedAt(now - 5_000, '000000'), 0],
  ])('%s is read when no later change can hide', (_when, fingerprint, waitMs) => {
    expect(unsettledMs(fingerprint, now)).toBe(waitMs)
  })
})

describe('a file that is another one at each look', () => {
  /** Returns a source whose file is written to right before each look. */
  const everChanging = (stoodMs: OpenSource['stoodMs']) => {
    let looks = 0
    const look = () => changedAt(now - 1, String(100_000 + looks++))
    return { opened: look(), stoodMs, fingerprint: async () => look() } as unknown as OpenSource
  }
  const clock = { now: () => now, sleep: async () => {} }
  const settled = (stoodMs: OpenSource['stoodMs']) =>
    settledFingerprint(everChanging(stoodMs), null, clock, new AbortController().signal)

  it("is given to those who compare it, on this machine's clock, so that what the job asked for decides", async () => {
    expect(await settled(() => null)).toEqual(changedAt(now - 1, '100005'))
  })

  it("is refused, on another machine's clock", async () => {
    await expect(settled(() => 0)).rejects.toMatchObject({ kind: 'permanent', code: 'source_changed' })
  })
})

describe('the racily clean window', () => {
  let engine: EngineSetup
  afterEach(() => engine.end())

  it.each([50, 3 * partSize])('is over before the first of %i bytes is read', async (size) => {
    engine = setupEngine()
    const writtenAt = engine.clock.now() + 5
    engine.files.write(path, Buffer.alloc(size, 1)).ctime = writtenAt * 1e6
    let readAt = 0
    engine.oss.faults = {
      before: ({ call }) => {
        if (call === 'putObject' || call === 'uploadPart') readAt ||= engine.clock.now()
      },
    }
    engine.start()
    expect(await engine.settled((await engine.submit()).id)).toMatchObject({ state: 'completed' })
    expect(readAt).toBeGreaterThanOrEqual(writtenAt + 15)
  })
})
