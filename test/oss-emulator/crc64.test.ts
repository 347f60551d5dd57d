import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc64Of } from '../../src/core/crc64.js'
import { joinCrc64, startCrc64 } from '../../src/oss-emulator/crc64.js'

const crcOf = (...pieces: readonly Uint8Array[]): bigint => {
  const crc = startCrc64()
  for (const piece of pieces) crc.add(piece)
  return crc.value()
}

it('gives the check value of CRC-64/XZ', () => {
  expect(crcOf(Buffer.from('123456789'))).toBe(0x995dc9bbdf1939fan)
  expect(crcOf()).toBe(0n)
})

it('agrees with the house on any bytes, at any place in memory, in any two pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(20), fc.nat(600), (bytes, start, cut) => {
      const part = bytes.subarray(start)
      expect(crcOf(part)).toBe(crc64Of(part))
      expect(crcOf(part.subarray(0, cut), part.subarray(cut))).toBe(crc64Of(part))
    }),
    { numRuns: 500 },
  )
})

it('joins the checksums of pieces to that of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (pieces) => {
      const joined = joinCrc64(pieces.map((piece) => ({ crc64: crcOf(piece), size: piece.length })))
      expect(joined).toBe(crcOf(Buffer.concat(pieces)))
    }),
  )
})
