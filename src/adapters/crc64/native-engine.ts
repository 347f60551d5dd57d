import { createRequire } from 'node:module'
import type { Engine } from './engine-runs.js'

/** The engines stand in the order in which they are preferred. */
export const nativeEngines = ['vpclmul', 'pclmul', 'pmull', 'slicing'] as const
export type NativeEngine = (typeof nativeEngines)[number]

type Addon = Readonly<Record<NativeEngine, Engine['fold'] | undefined>> & Pick<Engine, 'registers'>

/**
 * `native/crc64/install.mjs` compiles the addon. The path is the same from `src` and from `dist`, because both lie at
 * the same depth.
 */
const addonPath = '../../../native/crc64/crc64.node'

/** Returns one engine of the addon, or null where there is no addon or this processor lacks what the engine needs. */
export const openNativeEngine = (name: NativeEngine): Engine | null => {
  try {
    const addon: Addon = createRequire(import.meta.url)(addonPath)
    const fold = addon[name]
    return fold === undefined ? null : { registers: addon.registers, fold }
  } catch {
    // The addon is not compiled, or was compiled for another platform. The other engines exist for this case.
    return null
  }
}
