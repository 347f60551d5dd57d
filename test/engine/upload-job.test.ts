import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { crc64Of } from '../../src/core/crc64.js'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  // Every run closes what it opened.
  expect(engine.files.openCount()).toBe(0)
})

const setup = (bytes: Buffer, options: Parameters<typeof setupEngine>[0] = {}): EngineSetup => {
  engine = setupEngine(options)
  engine.files.write(path, bytes)
  engine.start()
  return engine
}

const stored = (): Buffer | undefined => engine.oss.objects.get('bucket/key')?.bytes
const count = (call: string): number => engine.oss.calls.filter((made) => made.call === call).length
const transient = (): Failure => new Failure('transient', 'OSS stumbled', { status: 503 })

describe('a job', () => {
  it.each([0, 1, partSize - 1])('of %i bytes, below the threshold, goes by one put', async (size) => {
    const bytes = randomBytes(size)
    setup(bytes)
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', upload: { mode: 'put', partCount: 1 } })
    expect(job.receipt).toMatchObject({ size, crc64: crc64Of(bytes).toString(), proof: 'object' })
    expect(job.receipt?.serverCrc64).toBe(job.receipt?.crc64)
    expect(stored()?.equals(bytes)).toBe(true)
    expect(engine.oss.calls.map(({ call }) => call)).toEqual(['putObject'])
  })

  it.each([partSize, partSize + 1, 3 * partSize - 1, 3 * partSize, 3 * partSize + 1])(
    'of %i bytes, at or above the threshold, goes in parts',
    async (size) => {
      const bytes = randomBytes(size)
      setup(bytes)
      const { id } = await engine.submit()
      const job = await engine.settled(id)
      expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', runs: 1, attempts: 0 })
      expect(job.receipt).toMatchObject({ size, crc64: crc64Of(bytes).toString(), proof: 'object' })
      expect(stored()?.equals(bytes)).toBe(true)
      expect(count('uploadPart')).toBe(Math.ceil(size / partSize))
      const parts = await engine.jobs.parts(id, { limit: 100, cursor: null })
      expect(parts.items.map(({ state }) => state)).toEqual(parts.items.map(() => 'uploaded'))
      expect(parts.items).toHaveLength(Math.ceil(size / partSize))
    },
  )

  it('keeps no more parts in flight than it may, and one in order when sequential', async () => {
    let inFlight = 0
    let most = 0
    setup(randomBytes(10 * partSize))
    engine.oss.faults = {
      before: async ({ call }) => {
        if (call !== 'uploadPart') return
        most = Math.max(most, ++inFlight)
        await new Promise(setImmediate)
      },
      after: ({ call }) => {
        if (call === 'uploadPart') inFlight--
      },
    }
    await engine.settled((await engine.submit({ parallel: 3 })).id)
    expect(most).toBe(3)
    most = 0
    engine.oss.calls.length = 0
    await engine.settled(
      (await engine.submit({ parallel: 3, sequential: true, target: { bucket: 'bucket', key: 's' } })).id,
    )
    expect(most).toBe(1)
    const order = engine.oss.calls.flatMap(({ partNumber }) => (partNumber === null ? [] : [partNumber]))
    expect(order).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('retries what stumbles, charging each try while OSS is healthy to somebody', async () => {
    setup(randomBytes(3 * partSize))
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'uploadPart' && nth === 2) throw transient()
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'completed', attempts: 1 })
  })

  it('outlasts an outage of half an hour without losing an attempt', async () => {
    setup(randomBytes(3 * partSize))
    const over = engine.clock.monotonic() + 30 * 60_000
    engine.oss.faults = {
      before() {
        if (engine.clock.monotonic() < over) throw transient()
      },
    }
    const { id } = await engine.submit()
    await engine.until(async () => (await engine.jobs.get(id)).waiting === 'endpoint')
    const job = await engine.settled(id)
    expect(job).toMatchObject({ state: 'completed', attempts: 0 })
  })

  it('fails with OSS’s words when trying again cannot help', async () => {
    setup(randomBytes(3 * partSize))
    engine.oss.faults = {
      before({ call }) {
        if (call !== 'initiate') return
        throw new Failure('permanent', 'You shall not', {
          code: 'access_denied',
          ossCode: 'AccessDenied',
          requestId: 'X1',
        })
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({
      state: 'failed',
      error: { code: 'access_denied', message: 'You shall not', ossCode: 'AccessDenied', requestId: 'X1' },
    })
  })

  it('fails after as many charged tries of one part as the limit says, while the other parts go through', async () => {
    setup(randomBytes(40 * partSize), { maxAttempts: 3 })
    engine.oss.faults = {
      before({ call, partNumber }) {
        if (call === 'uploadPart' && partNumber === 1) throw transient()
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job.error?.code).toBe('too_many_attempts')
  })

  it('starts anew when OSS forgets the upload, at most three times', async () => {
    setup(randomBytes(5 * partSize))
    let lost = 0
    engine.oss.faults = {
      before({ call, partNumber }) {
        if (call !== 'uploadPart' || partNumber !== 4 || lost === 3) return
        lost++
        engine.oss.uploads.clear()
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job.state).toBe('completed')
    expect(count('initiate')).toBe(4)

    lost = -1
    const second = await engine.settled((await engine.submit({ target: { bucket: 'bucket', key: 'second' } })).id)
    expect(second.error?.code).toBe('too_many_attempts')
  })

  it('proves by its parts when OSS gives no CRC-64 of the object only if each part proved itself', async () => {
    setup(randomBytes(2 * partSize))
    engine.oss.faults = {
      before({ call }) {
        if (call === 'complete') engine.oss.withoutCrc = true
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job.receipt).toMatchObject({ proof: 'parts', serverCrc64: null })

    const unproven = await engine.settled((await engine.submit({ target: { bucket: 'bucket', key: 'other' } })).id)
    expect(unproven).toMatchObject({ state: 'failed', error: { code: 'integrity' } })
  })
})

describe('a killed daemon', () => {
  it('adopts what OSS holds and sends only the rest', async () => {
    const bytes = randomBytes(20 * partSize)
    setup(bytes)
    engine.oss.faults = {
      before: ({ call, nth }) => (call === 'uploadPart' && nth > 9 ? new Promise(() => {}) : undefined),
    }
    const { id } = await engine.submit()
    await engine.until(() => count('uploadPart') >= 13)
    await engine.kill()
    engine.files.forgetDescriptors()
    const [upload] = engine.oss.uploads.values()
    expect(upload?.parts.size).toBe(9)
    engine.oss.faults = {}
    const before = count('uploadPart')
    engine.start()
    const job = await engine.settled(id)
    expect(job).toMatchObject({ state: 'completed', runs: 2, attempts: 0 })
    expect(count('uploadPart') - before).toBe(11)
    expect(count('initiate')).toBe(1)
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('does not adopt a part whose bytes are not those of the source', async () => {
    const bytes = randomBytes(4 * partSize)
    setup(bytes)
    engine.oss.faults = {
      before: ({ call, nth }) => (call === 'uploadPart' && nth > 2 ? new Promise(() => {}) : undefined),
    }
    const { id } = await engine.submit({ parallel: 1 })
    await engine.until(() => count('uploadPart') >= 3)
    await engine.kill()
    engine.files.forgetDescriptors()
    const [upload] = engine.oss.uploads.values()
    upload?.parts.set(3, randomBytes(partSize))
    engine.oss.faults = {}
    engine.start()
    const job = await engine.settled(id)
    expect(job.state).toBe('completed')
    expect(stored()?.equals(bytes)).toBe(true)
  })
})

describe('a source that changes', () => {
  const changeAt = (partNumber: number, change: () => void): void => {
    let done = false
    engine.oss.faults = {
      before(info) {
        if (done || info.partNumber !== partNumber) return
        done = true
        change()
      },
    }
  }

  it('in place fails the job and leaves neither object nor upload', async () => {
    setup(randomBytes(6 * partSize))
    changeAt(4, () => {
      const file = engine.files.files.get(path)
      file?.bytes.fill(7)
      if (file !== undefined) file.mtime++
    })
    const job = await engine.settled((await engine.submit()).id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
    expect(stored()).toBeUndefined()
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('in place is found out at the next part, not after the last', async () => {
    setup(randomBytes(40 * partSize))
    changeAt(4, () => {
      const file = engine.files.files.get(path)
      if (file !== undefined) file.mtime++
    })
    const job = await engine.settled((await engine.submit({ parallel: 1 })).id)
    expect(job.error?.code).toBe('source_changed')
    expect(count('uploadPart')).toBe(4)
  })

  it('with a forged mtime is found by its bytes', async () => {
    setup(randomBytes(6 * partSize))
    changeAt(4, () => {
      const file = engine.files.files.get(path)
      file?.bytes.fill(7)
      if (file !== undefined) file.ctime++
    })
    const job = await engine.settled((await engine.submit({ parallel: 1 })).id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
    expect(stored()).toBeUndefined()
  })

  it('only in its ctime is read again and completes', async () => {
    const bytes = randomBytes(6 * partSize)
    setup(bytes)
    changeAt(4, () => {
      const file = engine.files.files.get(path)
      if (file !== undefined) file.ctime++
    })
    expect(await engine.settled((await engine.submit()).id)).toMatchObject({ state: 'completed' })
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('by being replaced fails the job; by being removed it completes from the descriptor', async () => {
    const bytes = randomBytes(6 * partSize)
    setup(bytes)
    changeAt(4, () => engine.files.write(path, randomBytes(6 * partSize)))
    expect(await engine.settled((await engine.submit()).id)).toMatchObject({ error: { code: 'source_changed' } })
    engine.files.write(path, bytes)
    changeAt(4, () => engine.files.files.delete(path))
    expect(await engine.settled((await engine.submit()).id)).toMatchObject({ state: 'completed' })
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('restarts the job when it asked for that', async () => {
    setup(randomBytes(6 * partSize))
    const second = randomBytes(7 * partSize)
    changeAt(4, () => engine.files.write(path, second))
    const job = await engine.settled((await engine.submit({ onSourceChange: 'restart' })).id)
    expect(job).toMatchObject({ state: 'completed', source: { size: second.length } })
    expect(stored()?.equals(second)).toBe(true)
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('during a put is never stored', async () => {
    setup(randomBytes(1000))
    engine.oss.faults = {
      before({ call }) {
        const file = engine.files.files.get(path)
        if (call === 'putObject' && file !== undefined) file.mtime++
      },
    }
    const job = await engine.settled((await engine.submit()).id)
    expect(job.error?.code).toBe('source_changed')
    expect(stored()).toBeUndefined()
  })
})

describe('ifExists', () => {
  const existing = (bytes: Buffer): void => void engine.oss.objects.set('bucket/key', { bytes, marker: 'foreign' })

  it.each([50, 3 * partSize])('skip leaves an object of %i bytes alone', async (size) => {
    setup(randomBytes(size))
    const old = Buffer.from('old')
    existing(old)
    const job = await engine.settled((await engine.submit({ ifExists: 'skip' })).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'skipped', receipt: null })
    expect(stored()?.equals(old)).toBe(true)
  })

  it('skipSame skips equal bytes and overwrites others of the same size', async () => {
    const bytes = randomBytes(3 * partSize)
    setup(bytes)
    existing(Buffer.from(bytes))
    expect((await engine.settled((await engine.submit({ ifExists: 'skipSame' })).id)).outcome).toBe('skipped')
    existing(randomBytes(bytes.length))
    expect((await engine.settled((await engine.submit({ ifExists: 'skipSame' })).id)).outcome).toBe('uploaded')
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it.each([50, 3 * partSize])('fail fails for %i bytes, also when the object appears meanwhile', async (size) => {
    setup(randomBytes(size))
    existing(Buffer.from('old'))
    expect(await engine.settled((await engine.submit({ ifExists: 'fail' })).id)).toMatchObject({
      error: { code: 'object_exists' },
    })
    engine.oss.objects.clear()
    engine.oss.faults = {
      before({ call }) {
        if (call === 'complete' || call === 'putObject') existing(Buffer.from('race'))
      },
    }
    expect(await engine.settled((await engine.submit({ ifExists: 'fail' })).id)).toMatchObject({
      error: { code: 'object_exists' },
    })
    expect(stored()?.toString()).toBe('race')
  })

  it('fail completes when a put’s answer was lost and the object is our own', async () => {
    setup(randomBytes(50))
    engine.oss.faults = {
      after({ call, nth }) {
        if (call === 'putObject' && nth === 1) throw transient()
      },
    }
    const job = await engine.settled((await engine.submit({ ifExists: 'fail' })).id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
  })
})

describe('crc64', () => {
  it.each([50, 3 * partSize])('that the source does not have fails %i bytes before an object is made', async (size) => {
    setup(randomBytes(size))
    const job = await engine.settled((await engine.submit({ crc64: '1' })).id)
    expect(job.error?.code).toBe('integrity')
    expect(stored()).toBeUndefined()
  })
  it.each([50, 3 * partSize])('that the source has completes %i bytes', async (size) => {
    const bytes = randomBytes(size)
    setup(bytes)
    expect((await engine.settled((await engine.submit({ crc64: crc64Of(bytes).toString() })).id)).state).toBe(
      'completed',
    )
  })
})
