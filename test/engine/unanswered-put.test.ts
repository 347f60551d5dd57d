import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  expect(engine.files.openCount()).toBe(0)
})

const size = partSize / 2
const bytes = randomBytes(size)

const setup = (): EngineSetup => {
  engine = setupEngine()
  engine.files.write(path, bytes)
  return engine
}

const count = (call: string): number => engine.oss.calls.filter((made) => made.call === call).length
const noAnswer = (): Failure => new Failure('transient', 'PutObject broke off while waiting (ANSWER_TIMEOUT).')

/** Loses the answers of the first puts, each after the put has taken effect. */
const loseAnswers = (puts: number): void => {
  engine.oss.faults = {
    after({ call, nth }) {
      if (call === 'putObject' && nth <= puts) throw noAnswer()
    },
  }
}

describe('a put without an answer', () => {
  it('is found to have made its object, and is not sent again', async () => {
    setup()
    loseAnswers(1)
    engine.start()
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', receipt: { size, proof: 'object' } })
    expect([count('putObject'), count('head')]).toEqual([1, 1])
  })

  it('is sent again when it made none, and the source is read for a look only when size and marker fit', async () => {
    for (const there of ['nothing', 'other bytes of ours', 'another’s object of this size', 'another size']) {
      setup()
      engine.oss.faults = {
        async after({ call, nth, marker }) {
          if (call !== 'putObject' || nth > 1) return
          const other = {
            'other bytes of ours': { bytes: randomBytes(size), marker },
            'another’s object of this size': { bytes: randomBytes(size), marker: 'theirs' },
            'another size': { bytes: randomBytes(size + 1), marker },
          }[there]
          engine.oss.objects.clear()
          if (other !== undefined) engine.oss.objects.set('bucket/key', other)
          throw noAnswer()
        },
      }
      engine.start()
      const job = await engine.settled((await engine.submit()).id)
      expect(job, there).toMatchObject({ state: 'completed', outcome: 'uploaded' })
      expect([count('putObject'), count('head')], there).toEqual([2, 1])
      expect(engine.oss.objects.get('bucket/key')?.bytes.equals(bytes)).toBe(true)
      await engine.end()
    }
  })

  it('of a process that died is looked at by the next, before it sends', async () => {
    setup()
    const { id } = await engine.submit()
    let made = false
    engine.oss.faults = {
      after: ({ call }) => {
        if (call !== 'putObject') return
        made = true
        return new Promise(() => {})
      },
    }
    engine.start()
    await engine.until(() => made)
    await engine.kill()
    engine.files.forgetDescriptors()
    engine.oss.faults = {}
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded', runs: 2 })
    expect([count('putObject'), count('head')]).toEqual([1, 1])
  })

  it('is sent again where the keys may not look', async () => {
    setup()
    engine.oss.faults = {
      before({ call }) {
        if (call === 'head') throw new Failure('permanent', 'no', { code: 'access_denied', ossCode: 'AccessDenied' })
      },
      after({ call, nth }) {
        if (call === 'putObject' && nth === 1) throw noAnswer()
      },
    }
    engine.start()
    expect(await engine.settled((await engine.submit()).id)).toMatchObject({ state: 'completed' })
    expect([count('putObject'), count('head')]).toEqual([2, 1])
  })

  it('that never gets one is charged while OSS answers the looks, and so ends', async () => {
    setup()
    engine.oss.faults = {
      before({ call }) {
        if (call === 'putObject') throw new Failure('transient', 'no answer')
      },
    }
    // The hop takes the bytes and passes nothing on: the put is without effect, but its last bytes were let go.
    const { putObject } = engine.oss
    engine.oss.putObject = async (object, range, objectOptions, options) => {
      await options.confirm()
      return putObject(object, range, objectOptions, options)
    }
    engine.start()
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'too_many_attempts' } })
    expect(count('putObject')).toBeLessThanOrEqual(11)
  })

  it('with a callback is sent again, because only its own answer tells whether the application was called', async () => {
    setup()
    loseAnswers(1)
    engine.start()
    const callback = { url: 'http://127.0.0.1:1/', body: 'x=1' }
    const job = await engine.settled((await engine.submit({ callback })).id)
    expect(job).toMatchObject({ state: 'completed' })
    expect(count('putObject')).toBe(2)
  })
})

describe('a put that was refused', () => {
  it('is not looked at, because nothing can be there', async () => {
    setup()
    engine.oss.faults = {
      before({ call, nth }) {
        if (call !== 'putObject' || nth > 2) return
        if (nth === 1) throw new Failure('transient', 'No connection', { unsent: true })
        throw new Failure('throttled', 'SlowDown', { status: 503, retryAfterMs: 100 })
      },
    }
    engine.start()
    expect(await engine.settled((await engine.submit()).id)).toMatchObject({ state: 'completed' })
    expect([count('putObject'), count('head')]).toEqual([3, 0])
  })
})
