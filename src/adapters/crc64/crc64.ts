import { type Crc64Factory, crc64Of, createCrc64 as createInJavaScript } from '../../core/crc64.js'
import { type Engine, runsOn } from './engine-runs.js'
import { nativeEngines, openNativeEngine } from './native-engine.js'
import { openWasmEngine } from './wasm-engine.js'

/**
 * The engines stand in the order in which they are preferred: the fastest come first, and the one that runs everywhere
 * comes last.
 */
export const crc64Engines = [...nativeEngines, 'wasm', 'javascript'] as const
export type Crc64Engine = (typeof crc64Engines)[number]

const openEngine = (name: Exclude<Crc64Engine, 'javascript'>): Engine | null =>
  name === 'wasm' ? openWasmEngine() : openNativeEngine(name)

/**
 * The sample is long enough for the widest loop of every engine, begins at an odd address, and its length is a multiple
 * of nothing.
 */
const sample = Uint8Array.from({ length: 1500 }, (_, index) => (index * index + (index >> 3)) & 0xff).subarray(1)
const expected = crc64Of(sample)

/**
 * Returns whether an engine computes the right checksum. A wrong checksum fails every upload, so an engine (a compiler,
 * a processor) proves itself before it is trusted.
 */
const isRight = (createCrc64: Crc64Factory): boolean => {
  const crc = createCrc64()
  crc.update(sample.subarray(0, 701))
  crc.update(sample.subarray(701))
  return crc.digest() === expected
}

/** Returns CRC-64 by one engine, or null where that engine cannot run or does not give the right answers. */
export const openCrc64 = (name: Crc64Engine): Crc64Factory | null => {
  if (name === 'javascript') return createInJavaScript
  const engine = openEngine(name)
  if (engine === null) return null
  const createCrc64 = runsOn(engine)
  return isRight(createCrc64) ? createCrc64 : null
}

const openBest = (): { readonly engine: Crc64Engine; readonly createCrc64: Crc64Factory } => {
  for (const engine of crc64Engines) {
    const createCrc64 = openCrc64(engine)
    if (createCrc64 !== null) return { engine, createCrc64 }
  }
  return { engine: 'javascript', createCrc64: createInJavaScript }
}

const best = openBest()

/**
 * Makes CRC-64 runs on the fastest engine of this machine. Each thread that imports this module has an engine of its
 * own.
 */
export const { createCrc64 } = best

/** Returns the name of the fastest engine of this machine. */
export const crc64Engine = (): Crc64Engine => best.engine
