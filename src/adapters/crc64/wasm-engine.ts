import { readFileSync } from 'node:fs'
import type { Engine } from './engine-runs.js'

/** These are the exports of `native/crc64/wasm.c`. Addresses are offsets into the memory. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  crc64_start(): void
  crc64_registers(): number
  crc64_input(): number
  crc64_input_bytes(): number
  crc64_fold(length: number): void
}

/** Node's types do not know WebAssembly. It is absent under `--jitless`. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

const instantiate = (): Exports => {
  const bytes = readFileSync(new URL('../../../native/crc64/crc64.wasm', import.meta.url))
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports
}

/**
 * Returns an engine that copies bytes into the module's memory, a piece at a time. The memory never grows, so the views
 * stay valid.
 */
const engineOf = (exports: Exports): Engine => {
  exports.crc64_start()
  const pieceBytes = exports.crc64_input_bytes()
  const input = new Uint8Array(exports.memory.buffer, exports.crc64_input(), pieceBytes)
  return {
    registers: new Int32Array(exports.memory.buffer, exports.crc64_registers(), 2),
    fold(bytes) {
      for (let done = 0; done < bytes.length; done += pieceBytes) {
        const piece = bytes.length <= pieceBytes ? bytes : bytes.subarray(done, done + pieceBytes)
        input.set(piece)
        exports.crc64_fold(piece.length)
      }
    },
  }
}

/** Returns the portable engine in WebAssembly, or null where the module cannot be read or run. */
export const openWasmEngine = (): Engine | null => {
  try {
    return engineOf(instantiate())
  } catch {
    return null
  }
}
