import { createRequire } from 'node:module'
import type { Engine } from './engine-runs.js'

/** In the order in which they are preferred. */
export const nativeEngines = ['vpclmul', 'pclmul', 'pmull', 'slicing'] as const
export type NativeEngine = (typeof nativeEngines)[number]

type Addon = Readonly<Record<NativeEngine, Engine['fold'] | undefined>> & Pick<Engine, 'registers'>

/** Compiled by `native/crc64/install.mjs`. The same two floors down from `src` and from `dist`. */
const addonPath = '../../../native/crc64/crc64.node'

/** One engine of the addon; null where there is no addon or this processor lacks what the engine needs. */
export const openNativeEngine = (name: NativeEngine): Engine | null => {
  try {
    const addon: Addon = createRequire(import.meta.url)(addonPath)
    const fold = addon[name]
    return fold === undefined ? null : { registers: addon.registers, fold }
  } catch {
    // Not compiled, or for another platform: that is what the other engines are for.
    return null
  }
}
