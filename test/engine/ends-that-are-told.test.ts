import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { CallInfo } from '../fakes/memory-oss.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let end: (() => Promise<void>) | null = null
afterEach(async () => {
  await end?.()
  end = null
})

const setup = (size: number): EngineSetup => {
  const engine = setupEngine()
  end = engine.end
  engine.files.write(path, randomBytes(size))
  engine.start()
  return engine
}

const small = partSize / 2
const large = 3 * partSize

/** Runs `meanwhile` once between the effect of a call and its answer. */
const inTheAnswer = (engine: EngineSetup, call: CallInfo['call'], meanwhile: () => Promise<void>): void => {
  let done = false
  engine.oss.faults = {
    async after(info, signal) {
      if (info.call !== call || done) return
      done = true
      await meanwhile()
      signal.throwIfAborted()
    },
  }
}

describe('a put that is cancelled', () => {
  it('while its answer is on the way has its receipt', async () => {
    const engine = setup(small)
    const { id } = await engine.submit()
    inTheAnswer(engine, 'putObject', async () => {
      await engine.jobs.control(id, 'cancel', anybody)
      await engine.clock.sleep(15_000)
    })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', receipt: { size: small } })
    expect(engine.oss.objects.size).toBe(1)
  })

  it.each([
    ['has its receipt when the source is the same', 'same'],
    ['is cancelled when the source is another, and the log says what OSS holds', 'other'],
  ])('after its process died %s', async (_, source) => {
    const engine = setup(small)
    const { id } = await engine.submit()
    const made = new Promise<void>((resolve) =>
      inTheAnswer(engine, 'putObject', () => {
        resolve()
        return new Promise(() => {})
      }),
    )
    await made
    await engine.kill()
    await engine.jobs.control(id, 'cancel', anybody)
    engine.files.forgetDescriptors()
    if (source === 'other') engine.files.write(path, randomBytes(small))
    engine.start()
    const proven = source === 'same'
    expect(await engine.settled(id)).toMatchObject(
      proven ? { state: 'completed', receipt: { size: small } } : { state: 'cancelled', receipt: null },
    )
    expect(engine.logs.filter((line) => line.includes('cannot be proven'))).toHaveLength(proven ? 0 : 1)
  })

  it('is cancelled when OSS shows another object, none, or refuses to show it', async () => {
    for (const other of ['other', 'none', 'refused']) {
      const engine = setup(small)
      const { id } = await engine.submit()
      engine.oss.faults = {
        async before({ call }) {
          if (call === 'head' && other === 'refused') throw new Failure('permanent', 'no', { code: 'access_denied' })
          if (call !== 'putObject') return
          await engine.jobs.control(id, 'cancel', anybody)
          await engine.clock.sleep(15_000)
        },
      }
      if (other === 'other') engine.oss.objects.set('bucket/key', { bytes: randomBytes(small), marker: 'theirs' })
      expect(await engine.settled(id)).toMatchObject({ state: 'cancelled', receipt: null })
      await engine.end()
      end = null
    }
  })
})

describe('a deadline', () => {
  it.each([
    ['putObject', small],
    ['complete', large],
  ] as const)('that comes while the answer of %s is on its way leaves the receipt', async (call, size) => {
    const engine = setup(size)
    inTheAnswer(engine, call, async () => {
      await engine.clock.sleep(120_000)
    })
    const { id } = await engine.submit({ notAfter: engine.clock.now() + 60_000 })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', receipt: { size } })
  })

  it.each([
    ['putObject', small],
    ['complete', large],
  ] as const)('that comes before a lost answer of %s is looked after', async (call, size) => {
    const engine = setup(size)
    inTheAnswer(engine, call, async () => {
      await engine.clock.sleep(120_000)
      throw new Failure(call === 'complete' ? 'ambiguous' : 'transient', 'no answer')
    })
    const { id } = await engine.submit({ notAfter: engine.clock.now() + 60_000 })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', receipt: { size } })
  })

  it('of a queued job whose Complete got no answer is looked after', async () => {
    const engine = setup(large)
    const made = new Promise<void>((resolve) =>
      inTheAnswer(engine, 'complete', () => {
        resolve()
        return new Promise(() => {})
      }),
    )
    const { id } = await engine.submit({ notAfter: engine.clock.now() + 20_000 })
    await made
    await engine.kill()
    engine.files.forgetDescriptors()
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', receipt: { size: large } })
  })

  it('fails a job of which OSS shows nothing, or does not answer', async () => {
    for (const silent of [false, true]) {
      const engine = setup(small)
      engine.oss.faults = {
        async before({ call }) {
          if (call === 'putObject') {
            await engine.clock.sleep(120_000)
            throw new Failure('transient', 'no answer')
          }
          if (call === 'head' && silent) throw new Failure('transient', 'no answer')
        },
      }
      const { id } = await engine.submit({ notAfter: engine.clock.now() + 60_000 })
      expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
      await engine.end()
      end = null
    }
  })
})
