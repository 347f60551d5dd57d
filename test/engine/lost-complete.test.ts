import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  // Every run closes what it opened.
  expect(engine.files.openCount()).toBe(0)
})

const setup = (bytes: Buffer): EngineSetup => {
  engine = setupEngine()
  engine.files.write(path, bytes)
  engine.start()
  return engine
}

const count = (call: string): number => engine.oss.calls.filter((made) => made.call === call).length
describe('Complete with a lost answer', () => {
  const loseAnswer = (): void => {
    engine.oss.faults = {
      after({ call, nth }) {
        if (call === 'complete' && nth === 1) throw new Failure('ambiguous', 'the connection was reset')
      },
    }
  }

  it('is found to have won, by HEAD', async () => {
    setup(randomBytes(2 * partSize))
    loseAnswer()
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(count('complete')).toBe(1)
  })

  it('is success although forbid-overwrite says that the object exists', async () => {
    setup(randomBytes(2 * partSize))
    loseAnswer()
    const job = await engine.settled((await engine.submit({ ifExists: 'fail' })).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
  })

  it('is found by the next daemon although the source is gone by then', async () => {
    setup(randomBytes(2 * partSize))
    const { id } = await engine.submit()
    let won = false
    engine.oss.faults = {
      after: async ({ call }) => {
        if (call !== 'complete') return
        won = true
        await new Promise(() => {})
      },
    }
    await engine.until(() => won)
    await engine.kill()
    engine.oss.faults = {}
    engine.files.files.delete(path)
    // The killed daemon never closed its descriptor. For a real daemon the machine does that.
    const leaked = engine.files.openCount()
    engine.start()
    const job = await engine.settled(id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', runs: 2 })
    expect(count('complete')).toBe(1)
    expect(engine.files.openCount()).toBe(leaked)
    engine.files.forgetDescriptors()
  })

  it('is sent again when it had not won', async () => {
    setup(randomBytes(2 * partSize))
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'complete' && nth <= 2) throw new Failure('ambiguous', 'the connection was reset')
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job.state).toBe('completed')
    expect(count('complete')).toBe(3)
  })

  it('resends the parts that OSS turns out not to hold', async () => {
    setup(randomBytes(4 * partSize))
    engine.oss.faults = {
      before({ call, nth }) {
        if (call !== 'complete' || nth > 1) return
        for (const upload of engine.oss.uploads.values()) upload.parts.delete(2)
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job.state).toBe('completed')
    expect(engine.oss.calls.filter(({ partNumber }) => partNumber === 2)).toHaveLength(2)
    expect(count('uploadPart')).toBe(5)
  })
})

describe('Complete with a lost answer, by keys that may not look at objects', () => {
  const denied = (): Failure =>
    new Failure('permanent', 'OSS answered HeadObject with 403 AccessDenied', {
      code: 'access_denied',
      ossCode: 'AccessDenied',
      requestId: 'R403',
      status: 403,
    })

  const deny = (complete: { before?: boolean; after?: boolean }): void => {
    const lost = (): never => {
      throw new Failure('ambiguous', 'the connection was reset')
    }
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'head') throw denied()
        if (call === 'complete' && nth === 1 && complete.before) lost()
      },
      after({ call, nth }) {
        if (call === 'complete' && nth === 1 && complete.after) lost()
      },
    }
  }

  it('is sent again when the upload is still there', async () => {
    setup(randomBytes(2 * partSize))
    deny({ before: true })
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(count('complete')).toBe(2)
  })

  it('fails with what to allow when the upload is gone, and a retry finds the object', async () => {
    setup(randomBytes(2 * partSize))
    deny({ after: true })
    const { id } = await engine.submit()
    const job = await engine.settled(id)
    expect(job).toMatchObject({
      state: 'failed',
      error: { code: 'access_denied', ossCode: 'AccessDenied', requestId: 'R403' },
    })
    expect(job.error?.message).toContain('allow oss:GetObject')
    engine.oss.faults = {}
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(count('complete')).toBe(1)
    expect(count('uploadPart')).toBe(2)
  })
})
