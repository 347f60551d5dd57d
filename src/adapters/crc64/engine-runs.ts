import { type Crc64Factory, digestOf } from '../../core/crc64.js'

/** An engine is what the addon and the WebAssembly module have in common. */
export interface Engine {
  /** These are the low and the high half of the running register. Both are all ones before the first byte. */
  readonly registers: Int32Array
  /** Takes the register from `registers` and leaves there the register behind these bytes. */
  fold(bytes: Uint8Array): void
}

/**
 * Returns a factory of runs that share one engine. Each run brings its register and takes it away again, so the runs
 * may take turns as they like.
 */
export const runsOn =
  ({ registers, fold }: Engine): Crc64Factory =>
  () => {
    let low = -1
    let high = -1
    return {
      update(bytes) {
        registers[0] = low
        registers[1] = high
        fold(bytes)
        low = registers[0]
        high = registers[1]
      },
      digest: () => digestOf(low, high),
    }
  }
