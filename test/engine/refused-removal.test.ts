import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import { removeUpload } from '../../src/engine/upload/remove-upload.js'
import type { OssCall } from '../fakes/memory-oss.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let end: (() => Promise<void>) | null = null
afterEach(async () => {
  await end?.()
  end = null
})

const setup = (): EngineSetup => {
  const engine = setupEngine()
  end = engine.end
  engine.files.write(path, randomBytes(6 * partSize))
  engine.start()
  return engine
}

const denied = (): Failure =>
  new Failure('permanent', 'OSS refuses', { code: 'access_denied', ossCode: 'AccessDenied', requestId: 'R1' })

/** Makes OSS refuse these calls. `onPart` is told of each part that begins. */
const refuse = (
  engine: EngineSetup,
  calls: readonly OssCall[],
  onPart: (nth: number) => void | Promise<void> = () => {},
): void => {
  engine.oss.faults = {
    async before({ call, nth }) {
      if (call === 'uploadPart') await onPart(nth)
      if (calls.includes(call)) throw denied()
    },
  }
}

describe('a clean-up that OSS refuses', () => {
  it.each<readonly OssCall[]>([['abort'], ['listParts'], ['abort', 'listParts']])(
    'does not hide that the source changed (%s)',
    async (...calls) => {
      const engine = setup()
      refuse(engine, calls, (nth) => {
        if (nth === 3) engine.files.write(path, randomBytes(6 * partSize))
      })
      const { id } = await engine.submit()
      expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
      expect(engine.oss.uploads.size).toBe(calls.includes('abort') ? 1 : 0)
    },
  )
})

describe('an upload that OSS refuses to remove', () => {
  const page = { limit: 9, cursor: null }

  it('does not keep a restart from sending the file as it is now, and is left to the janitor', async () => {
    const engine = setup()
    const second = randomBytes(7 * partSize)
    refuse(engine, ['abort'], (nth) => {
      if (nth === 3) engine.files.write(path, second)
    })
    const { id } = await engine.submit({ onSourceChange: 'restart' })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', error: null })
    expect(engine.oss.objects.get('bucket/key')?.bytes.equals(second)).toBe(true)
    const left = [...engine.oss.uploads.keys()]
    expect(left).toHaveLength(1)
    expect((await engine.store.abandonedUploads(page)).items).toMatchObject([{ jobId: id, uploadId: left[0] }])
  })

  it('does not fail a retry of a job whose source had changed', async () => {
    const engine = setup()
    refuse(engine, ['abort', 'listParts'], (nth) => {
      if (nth === 3) engine.files.write(path, randomBytes(6 * partSize))
    })
    const { id } = await engine.submit()
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', error: null, leftover: null })
    expect((await engine.store.abandonedUploads(page)).items).toHaveLength(1)
  })
})

describe('removing an upload', () => {
  const upload = { bucket: 'bucket', key: 'key', uploadId: 'u1' }

  it('believes an Abort that finds nothing, and asks for no list then', async () => {
    const listParts = vi.fn()
    expect(await removeUpload(upload, { abort: async () => 'gone', listParts })).toEqual({ rounds: 1, wasThere: false })
    expect(listParts).not.toHaveBeenCalled()
  })

  it('asks by a second Abort where a list is forbidden', async () => {
    const answers = ['aborted', 'gone'] as const
    let aborts = 0
    const requests = {
      abort: async () => answers[aborts++] ?? 'gone',
      listParts: async () => {
        throw denied()
      },
    }
    expect(await removeUpload(upload, requests)).toEqual({ rounds: 2, wasThere: true })
  })

  it('tells the refusal when neither says that it is gone', async () => {
    const requests = {
      abort: async () => 'aborted' as const,
      listParts: async () => {
        throw denied()
      },
    }
    await expect(removeUpload(upload, requests)).rejects.toMatchObject({ code: 'access_denied' })
  })
})
