import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc64Engine, crc64Engines, createCrc64, openCrc64 } from '../../../src/adapters/crc64/crc64.js'
import { type Crc64Factory, combineCrc64 } from '../../../src/core/crc64.js'

const mask = 0xffffffffffffffffn

/** Computes bit by bit, straight from the definition. */
const reference = (bytes: Uint8Array): bigint => {
  let crc = mask
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n
  }
  return crc ^ mask
}

const addon = new URL('../../../native/crc64/crc64.node', import.meta.url)
const isCompiled = existsSync(addon)
const notCompiled =
  'no native engine was built by npm ci: apt-get install make g++ python3, then node native/crc64/install.mjs'
const cpuFlags = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : ''
const hasFlag = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(cpuFlags)

const checksum = (createRun: Crc64Factory, chunks: readonly Uint8Array[]): bigint => {
  const crc = createRun()
  for (const chunk of chunks) crc.update(chunk)
  return crc.digest()
}

/** Returns a copy that begins `shift` bytes behind an aligned address. */
const shifted = (bytes: Uint8Array, shift: number): Uint8Array => {
  const moved = new Uint8Array(bytes.length + shift)
  moved.set(bytes, shift)
  return moved.subarray(shift)
}

/** Cuts at the given positions, taken modulo the length. */
const split = (bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...places, bytes.length].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end))
}

/** Returns pseudo-random bytes that need no generator to reproduce. */
const patterned = (length: number): Uint8Array => {
  let state = length + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

const engines = crc64Engines.flatMap((name) => {
  const factory = openCrc64(name)
  return factory === null ? [] : [[name, factory] as const]
})

describe.each(engines)('CRC-64/XZ by %s', (_, createRun) => {
  it('has the check value of the catalogue, and 0 for no bytes', () => {
    expect(checksum(createRun, [Buffer.from('123456789')])).toBe(0x995dc9bbdf1939fan)
    expect(checksum(createRun, [])).toBe(0n)
    expect(checksum(createRun, [new Uint8Array()])).toBe(0n)
  })

  it('equals the bit-by-bit definition for every length up to where each loop has turned several times', () => {
    const all = patterned(1100)
    // The register of the definition is brought forward byte by byte, so that 1,100 lengths cost one pass.
    const wrong: number[] = []
    let expected = 0n
    for (let length = 0; length <= all.length; length++) {
      if (checksum(createRun, [all.subarray(0, length)]) !== expected) wrong.push(length)
      expected = combineCrc64(expected, reference(all.subarray(length, length + 1)), 1)
    }
    expect(wrong).toEqual([])
  })

  it('equals it for any bytes, at any alignment, in any pieces', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1500, size: 'max' }),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.nat(63),
        (bytes, cuts, shift) => {
          const pieces = split(shifted(bytes, shift), cuts)
          expect(checksum(createRun, pieces)).toBe(reference(bytes))
        },
      ),
    )
  })

  it('reads nothing beyond the bytes it is given', () => {
    const bytes = patterned(777)
    const surrounded = new Uint8Array(2048).fill(0xff)
    surrounded.set(bytes, 13)
    expect(checksum(createRun, [surrounded.subarray(13, 13 + 777)])).toBe(reference(bytes))
  })

  it('sees a single flipped bit anywhere in a long buffer', () => {
    const bytes = patterned(5000)
    const right = checksum(createRun, [bytes])
    for (let bit = 0; bit < bytes.length * 8; bit += 331) {
      const index = bit >> 3
      const byte = bytes[index] as number
      bytes[index] = byte ^ (1 << (bit & 7))
      expect(checksum(createRun, [bytes])).not.toBe(right)
      bytes[index] = byte
    }
    expect(checksum(createRun, [bytes])).toBe(right)
  })

  it('agrees with the others on megabytes', () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024 + 5, patterned(4099))
    const [[, first]] = engines as [(typeof engines)[number]]
    expect(checksum(createRun, [bytes])).toBe(checksum(first, split(bytes, [1_000_003, 2_000_001])))
  })

  it('keeps runs apart that take turns, and may be asked before the end', () => {
    const [one, other] = [createRun(), createRun()]
    one.update(Buffer.from('1234'))
    other.update(Buffer.from('another'))
    expect(one.digest()).toBe(reference(Buffer.from('1234')))
    one.update(Buffer.from('56789'))
    expect(one.digest()).toBe(0x995dc9bbdf1939fan)
    expect(other.digest()).toBe(reference(Buffer.from('another')))
  })

  it('reads memory that threads share', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(900))
    bytes.set(patterned(900))
    expect(checksum(createRun, [bytes])).toBe(reference(patterned(900)))
  })
})

describe('the engine of this machine', () => {
  it('is the first that can run', () => {
    expect(crc64Engine()).toBe(engines[0]?.[0])
    expect(checksum(createCrc64, [Buffer.from('123456789')])).toBe(0x995dc9bbdf1939fan)
  })

  it('is never missing: WebAssembly and plain JavaScript run without anything compiled', () => {
    expect(engines.map(([name]) => name)).toEqual(expect.arrayContaining(['wasm', 'javascript']))
  })

  it('is every native one that the processor has', (context) => {
    if (!isCompiled) context.skip(notCompiled)
    const names = engines.map(([name]) => name)
    expect(names).toContain('slicing')
    expect(names.includes('pclmul')).toBe(process.arch === 'x64' && hasFlag('pclmulqdq'))
    expect(names.includes('vpclmul')).toBe(process.arch === 'x64' && hasFlag('vpclmulqdq') && hasFlag('avx2'))
    expect(names.includes('pmull')).toBe(process.arch === 'arm64' && hasFlag('pmull'))
  })

  it('refuses what is not bytes with a sentence', (context) => {
    if (!isCompiled) context.skip(notCompiled)
    const { slicing } = createRequire(import.meta.url)(addon.pathname)
    for (const wrong of [undefined, 'text', [1, 2], new Uint16Array(4), new DataView(new ArrayBuffer(8))]) {
      expect(() => slicing(wrong)).toThrow(new TypeError('A CRC-64 is computed of a Uint8Array'))
    }
  })

  it('works in several threads at once, each with a register of its own', async () => {
    const module = new URL('../../../dist/adapters/crc64/crc64.js', import.meta.url).href
    const program = `
      const { workerData, parentPort } = require('node:worker_threads')
      import(workerData.module).then(({ createCrc64, crc64Engine }) => {
        const bytes = Buffer.alloc(70_000, workerData.fill)
        const digests = new Set()
        for (let round = 0; round < 200; round++) {
          const crc = createCrc64()
          crc.update(bytes.subarray(0, 33_333))
          crc.update(bytes.subarray(33_333))
          digests.add(crc.digest())
        }
        parentPort.postMessage({ engine: crc64Engine(), digests: [...digests] })
      })`
    const answers = await Promise.all(
      ['a', 'bc', 'def'].map(
        (fill) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(program, { eval: true, workerData: { module, fill } })
            worker.once('message', resolve).once('error', reject)
          }),
      ),
    )
    const expected = ['a', 'bc', 'def'].map((fill) => ({
      engine: crc64Engine(),
      digests: [checksum(createCrc64, [Buffer.alloc(70_000, fill)])],
    }))
    expect(answers).toEqual(expected)
  })
})
