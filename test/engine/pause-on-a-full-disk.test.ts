import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { anybody } from '../../src/core/caller.js'
import { wrapMethods } from '../../src/engine/storage/wrap-methods.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

describe('a job that is paused before the disk fills up', () => {
  it('still commits the upload that OSS opened meanwhile, once the disk has room', async () => {
    let full = false
    engine = setupEngine({
      wrapStore: (store) =>
        wrapMethods(store, (method, call) =>
          full && (method === 'setUploadId' || method === 'check')
            ? Promise.reject(new AppError('storage_full', 'full'))
            : call(),
        ),
    })
    engine.files.write(path, randomBytes(3 * partSize))
    engine.start()
    const { id } = await engine.submit()
    engine.oss.faults = {
      async after({ call, nth }) {
        if (call !== 'initiate' || nth !== 1) return
        await engine.jobs.control(id, 'pause', anybody)
        full = true
        // The run obeys the pause before the answer reaches it.
        await engine.clock.sleep(1_000)
      },
    }
    await engine.until(() => full)
    await engine.clock.sleep(8_000)
    full = false
    await engine.until(async () => (await engine.jobs.get(id)).state === 'paused')
    await engine.jobs.control(id, 'resume', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 2 })
    expect(engine.oss.calls.filter(({ call }) => call === 'initiate')).toHaveLength(1)
    expect(engine.oss.uploads.size).toBe(0)
  })
})
