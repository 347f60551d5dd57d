import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { combineCrc64, crc64Of, createCrc64 } from '../../src/core/crc64.js'

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

const bytes = fc.uint8Array({ maxLength: 200 })

describe('CRC-64/XZ', () => {
  it('has the check value of the catalogue', () => {
    expect(crc64Of(Buffer.from('123456789'))).toBe(0x995dc9bbdf1939fan)
  })

  it('is 0 for no bytes', () => {
    expect(crc64Of(new Uint8Array())).toBe(0n)
  })

  it('equals the bit-by-bit definition for any bytes', () => {
    fc.assert(fc.property(bytes, (data) => crc64Of(data) === reference(data)))
  })

  it('does not depend on how the bytes are split or aligned', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), fc.nat(7), (chunks, shift) => {
        const crc = createCrc64()
        for (const chunk of chunks) {
          const moved = new Uint8Array(chunk.length + shift)
          moved.set(chunk, shift)
          crc.update(moved.subarray(shift))
        }
        return crc.digest() === reference(Buffer.concat(chunks))
      }),
    )
  })

  it('may be asked before the run ends', () => {
    const crc = createCrc64()
    crc.update(Buffer.from('1234'))
    expect(crc.digest()).toBe(crc64Of(Buffer.from('1234')))
    crc.update(Buffer.from('56789'))
    expect(crc.digest()).toBe(0x995dc9bbdf1939fan)
  })
})

describe('combining CRC-64', () => {
  it('of two parts gives the CRC of both together', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const together = reference(Buffer.concat([a, b]))
        return combineCrc64(reference(a), reference(b), b.length) === together
      }),
    )
  })

  it('of any number of parts gives the CRC of the whole', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 12 }), (parts) => {
        const combined = parts.reduce((crc, part) => combineCrc64(crc, reference(part), part.length), 0n)
        return combined === reference(Buffer.concat(parts))
      }),
    )
  })

  it('works for lengths beyond 32 bits', () => {
    const zeros = Buffer.alloc(1 << 20)
    // These are 5 GiB of zeros, made by doubling: first 20 MiB, which is then combined with itself.
    let crc = Array.from({ length: 20 }).reduce<bigint>((sum) => combineCrc64(sum, crc64Of(zeros), zeros.length), 0n)
    let length = 20 * zeros.length
    for (let doubling = 0; doubling < 8; doubling++) {
      crc = combineCrc64(crc, crc, length)
      length *= 2
    }
    const oneByte = crc64Of(Buffer.from('x'))
    const halves = combineCrc64(combineCrc64(oneByte, crc, length), crc, length)
    expect(combineCrc64(oneByte, combineCrc64(crc, crc, length), 2 * length)).toBe(halves)
    expect(length).toBe(5 * 2 ** 30)
  })
})
