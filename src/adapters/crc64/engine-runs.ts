import { type Crc64Factory, digestOf } from '../../core/crc64.js'

/** What the addon and the WebAssembly module have in common. */
export interface Engine {
  /** The low and the high half of the running register, both all ones before the first byte. */
  readonly registers: Int32Array
  /** Takes the register from there and leaves the one behind these bytes. */
  fold(bytes: Uint8Array): void
}

/** Runs that share one engine: each brings its register and takes it away again, so they may take turns as they like. */
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
