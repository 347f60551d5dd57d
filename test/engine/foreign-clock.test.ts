import { afterEach, describe, expect, it } from 'vitest'
import { createFirstLooks } from '../../src/adapters/file/fingerprint.js'
import { anybody } from '../../src/core/caller.js'
import type { SourceOpener } from '../../src/ports/source.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

const tickMs = 2_000

/**
 * Sets up a file system whose server has a clock of its own, which is `offMs` ahead of ours and moves every `tickMs`.
 * What changes a file twice within one tick leaves its times as they are.
 */
const setup = (offMs: number) => {
  let firstLooks = createFirstLooks()
  const remote = (sources: SourceOpener): SourceOpener => ({
    async open(...request) {
      const source = await sources.open(...request)
      firstLooks(source.opened)
      return { ...source, stoodMs: (seen) => firstLooks(seen) }
    },
  })
  const engine = setupEngine({ wrapSources: remote })
  firstLooks = createFirstLooks(engine.clock.monotonic)
  /** A tick of the server begins just when the test does. */
  const tickNow = (): number => Math.floor(engine.clock.monotonic() / tickMs) * tickMs
  const write = (bytes: Buffer, passedMs = tickNow()): void => {
    const file = engine.files.files.get(path) ?? engine.files.write(path, bytes)
    file.bytes = bytes
    file.mtime = file.ctime = (engine.clock.now() - engine.clock.monotonic() + offMs + passedMs + 1) * 1e6
  }
  const sends: number[] = []
  engine.oss.faults = {
    before: ({ call }) => {
      if (call === 'putObject' || call === 'uploadPart') sends.push(engine.clock.monotonic())
    },
  }
  const stored = (): Buffer | undefined => engine.oss.objects.get('bucket/key')?.bytes
  /** Lets another process go on, which has seen nothing yet. */
  const forget = (): void => {
    firstLooks = createFirstLooks(engine.clock.monotonic)
  }
  return { engine, write, sends, stored, forget }
}

const clocks: [string, number][] = [
  ['20 ms behind ours', -20],
  ['an hour behind ours', -3_600_000],
  ['a year behind ours', -31_536_000_000],
  ['like ours', 0],
  ['an hour ahead of ours', 3_600_000],
]

describe.each(clocks)('a file on a server whose clock is %s', (_clock, offMs) => {
  let engine: EngineSetup
  afterEach(() => engine.end())

  it.each([1_000, 3 * partSize])('of %i bytes is not mixed with what is written in the same tick', async (size) => {
    const { write, sends, stored, ...made } = setup(offMs)
    engine = made.engine
    write(Buffer.alloc(size, 1))
    const { id } = await engine.submit({ parallel: 1 })
    engine.start()
    // The first bytes would be on their way by now.
    await engine.clock.sleep(500)
    write(Buffer.alloc(size, 2))
    expect((await engine.settled(id)).state).toBe('completed')
    expect(stored()?.equals(Buffer.alloc(size, 2))).toBe(true)
    expect(Math.min(...sends)).toBeGreaterThanOrEqual(tickMs)
  })

  it('that was seen so before is not waited for', async () => {
    const { write, sends, ...made } = setup(offMs)
    engine = made.engine
    write(Buffer.alloc(3 * partSize, 1))
    const { id } = await engine.submit()
    await engine.clock.sleep(3_000)
    engine.start()
    await engine.settled(id)
    expect(sends).toEqual([3_000, 3_000, 3_000])
  })

  it('that stands as it was submitted two seconds ago is not waited for by a process that never saw it', async () => {
    const { write, sends, forget, ...made } = setup(offMs)
    engine = made.engine
    write(Buffer.alloc(3 * partSize, 1))
    const { id } = await engine.submit()
    await engine.clock.sleep(3_000)
    forget()
    engine.start()
    await engine.settled(id)
    expect(sends).toEqual([3_000, 3_000, 3_000])
  })

  it('that was touched since it was submitted is waited for by a process that never saw it', async () => {
    const { write, sends, forget, ...made } = setup(offMs)
    engine = made.engine
    write(Buffer.alloc(1_000, 1))
    const { id } = await engine.submit({ onSourceChange: 'restart' })
    await engine.clock.sleep(3_000)
    write(Buffer.alloc(1_000, 2))
    forget()
    engine.start()
    expect((await engine.settled(id)).state).toBe('completed')
    expect(Math.min(...sends)).toBeGreaterThanOrEqual(3_000 + tickMs)
  })

  it('that is written to all the time fails its job, and sends nothing', async () => {
    const { write, sends, ...made } = setup(offMs)
    engine = made.engine
    write(Buffer.alloc(1_000, 1))
    const { id } = await engine.submit({ onSourceChange: 'restart' })
    engine.start()
    let isOver = false
    const writing = (async () => {
      for (let fill = 2; !isOver; fill++) {
        await engine.clock.sleep(1_900)
        write(Buffer.alloc(1_000, fill & 0xff), engine.clock.monotonic())
      }
    })()
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
    isOver = true
    await writing
    expect(sends).toEqual([])
    await engine.jobs.control(id, 'retry', anybody)
    expect((await engine.settled(id)).state).toBe('completed')
  })
})
