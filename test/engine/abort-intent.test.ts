import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../src/core/job.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

const setup = (): void => {
  engine = setupEngine()
  engine.files.write(path, randomBytes(6 * partSize))
  engine.start()
}

describe('the upload of a source that changed', () => {
  it('is aborted with a committed intent, and a death in between costs no restart', async () => {
    setup()
    const second = randomBytes(7 * partSize)
    const { id } = await engine.submit({ onSourceChange: 'restart' })
    let atAbort: Job | null = null
    const aborted = new Promise<void>((resolve) => {
      engine.oss.faults = {
        async before({ call, nth }) {
          if (call === 'uploadPart' && nth === 4) engine.files.write(path, second)
          if (call === 'abort') atAbort ??= await engine.store.get(id)
        },
        async after({ call, nth }) {
          if (call !== 'abort' || nth !== 1) return
          resolve()
          await new Promise(() => {})
        },
      }
    })
    await aborted
    await engine.kill()
    expect(atAbort).toMatchObject({ state: 'running', intent: 'abort' })
    engine.files.forgetDescriptors()
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', source: { size: second.length } })
    expect(await engine.store.get(id)).toMatchObject({ restarts: 1, attempts: 0 })
    expect(engine.oss.objects.get('bucket/key')?.bytes.equals(second)).toBe(true)
    expect(engine.oss.uploads.size).toBe(0)
  })
})
