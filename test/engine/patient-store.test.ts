import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { createPatientStore } from '../../src/engine/storage/patient-store.js'

/** Sets up a store whose medium fails until it is mended, behind a gate that opens, or does not, as a test says. */
const setup = (opens: () => Promise<boolean>) => {
  const medium = { full: true, calls: 0 }
  const store = createPatientStore(
    {
      async setUploadId(): Promise<string> {
        medium.calls += 1
        if (medium.full) throw new AppError('storage_full', 'The disk is full')
        return 'committed'
      },
    },
    { opens },
    new AbortController().signal,
  )
  return { medium, store }
}

describe('a call of a patient store that the medium fails', () => {
  it('is made again whenever the gate opens', async () => {
    let opened = 0
    const { medium, store } = setup(async () => {
      opened += 1
      medium.full = opened < 3
      return true
    })
    expect(await store.setUploadId()).toBe('committed')
    expect(medium.calls).toBe(4)
  })

  it('is made a last time when nobody may wait any longer, and succeeds where the medium has recovered unseen', async () => {
    const { medium, store } = setup(async () => {
      medium.full = false
      return false
    })
    expect(await store.setUploadId()).toBe('committed')
    expect(medium.calls).toBe(2)
  })

  it('fails as the medium does when that last time fails too', async () => {
    const { medium, store } = setup(async () => false)
    await expect(store.setUploadId()).rejects.toMatchObject({ code: 'storage_full' })
    expect(medium.calls).toBe(2)
  })
})
