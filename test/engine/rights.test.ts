import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(() => engine.end())

const setup = (bytes: Buffer): EngineSetup => {
  engine = setupEngine({})
  engine.files.write(path, bytes)
  engine.start()
  return engine
}

const count = (call: string): number => engine.oss.calls.filter((made) => made.call === call).length
const denied = (): Failure =>
  new Failure('permanent', 'OSS answered 403 AccessDenied', {
    code: 'access_denied',
    ossCode: 'AccessDenied',
    status: 403,
  })

describe('keys that may only write', () => {
  it('let a killed upload go on from the record of the store', async () => {
    const bytes = randomBytes(6 * partSize)
    setup(bytes)
    let sent = 0
    let stuck = false
    engine.oss.faults = {
      before: async ({ call }, signal) => {
        if (call === 'listParts') throw denied()
        if (call !== 'uploadPart' || ++sent <= 3) return
        stuck = true
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    await engine.until(() => stuck)
    await engine.kill()
    engine.oss.faults = {
      before: async ({ call }) => {
        if (call === 'listParts') throw denied()
      },
    }
    engine.oss.calls.length = 0
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(engine.oss.objects.get('bucket/key')?.bytes.equals(bytes)).toBe(true)
    expect(count('initiate')).toBe(0)
    expect(count('uploadPart')).toBe(3)
  })

  it.each([
    ['may abort', ['listParts'], {}, 2],
    ['may not abort', ['listParts', 'abort'], {}, 1],
    ['may not abort, in sequential mode', ['listParts', 'abort'], { sequential: true }, 2],
    ['may not look at objects either', ['listParts', 'head'], {}, 2],
    ['may do nothing but write', ['listParts', 'head', 'abort'], {}, 1],
  ] as const)(
    'upload all again when OSS denies a part that the store trusted, and %s',
    async (_, refused, options, initiates) => {
      const bytes = randomBytes(6 * partSize)
      setup(bytes)
      let stuck = false
      const refuse = (call: string): void => {
        if ((refused as readonly string[]).includes(call)) throw denied()
      }
      engine.oss.faults = {
        before: async ({ call, nth }, signal) => {
          refuse(call)
          if (call !== 'uploadPart' || nth <= 3) return
          stuck = true
          await new Promise((_, reject) =>
            signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
          )
        },
      }
      const { id } = await engine.submit({ parallel: 1, ...options })
      await engine.until(() => stuck)
      await engine.kill()
      const [first] = [...engine.oss.uploads.keys()]
      engine.oss.faults = {
        before: ({ call, nth, uploadId }) => {
          refuse(call)
          // The part that the store has a record of is gone, or is another one.
          if (call === 'complete' && nth === 1)
            engine.oss.uploads.get(uploadId ?? '')?.parts.set(2, randomBytes(partSize))
        },
      }
      engine.start()
      expect(await engine.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded' })
      expect(engine.oss.objects.get('bucket/key')?.bytes.equals(bytes)).toBe(true)
      expect(count('initiate')).toBe(initiates)
      const left = [...engine.oss.uploads.keys()]
      expect(left).toEqual('sequential' in options ? [first] : [])
    },
  )

  it('fail in the end when OSS goes on denying, with one upload removed after the other', async () => {
    setup(randomBytes(3 * partSize))
    engine.oss.faults = {
      before: ({ call, uploadId }) => {
        if (call === 'listParts') throw denied()
        if (call === 'complete') engine.oss.uploads.get(uploadId ?? '')?.parts.delete(2)
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'integrity' } })
    expect(count('initiate')).toBe(4)
    expect(engine.oss.uploads.size).toBeLessThanOrEqual(1)
  })

  it.each([false, true])(
    'are told of an object made before Initiate (HEAD refused: %s) at the first one',
    async (blind) => {
      setup(randomBytes(3 * partSize))
      engine.oss.faults = {
        before: async ({ call }) => {
          if (blind && call === 'head' && count('initiate') > 0) throw denied()
          if (call === 'initiate') {
            throw new Failure('conflict', 'OSS answered 409', { ossCode: 'FileAlreadyExists', status: 409 })
          }
        },
      }
      const job = await engine.settled((await engine.submit({ ifExists: 'fail' })).id)
      expect(job).toMatchObject({ state: 'failed', error: { code: 'object_exists', ossCode: 'FileAlreadyExists' } })
      expect(count('initiate')).toBe(1)
    },
  )
})
