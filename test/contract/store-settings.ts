import { describe, expect, it } from 'vitest'
import type { StoreSetup } from './store-setup.js'

export const settingsTests = (setup: () => Promise<StoreSetup>): void => {
  describe('settings', () => {
    it('stores what is given, forgets what is null, and leaves the rest', async () => {
      const { store } = await setup()
      expect(await store.storedSettings()).toEqual({})
      expect(await store.storeSettings({ a: '1', b: '2' }, 'ops')).toEqual({ a: '1', b: '2' })
      expect(await store.storeSettings({ b: '3', c: null }, null)).toEqual({ a: '1', b: '3' })
      expect(await store.storeSettings({ a: null }, null)).toEqual({ b: '3' })
      expect(await store.storedSettings()).toEqual({ b: '3' })
    })
  })
}
