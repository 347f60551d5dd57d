/**
 * This is CRC-64/XZ, written independently of `core/crc64.ts` so that the two check each other. Its form is different
 * too: the tables come from the bit-by-bit definition on 32-bit halves, each step reads sixteen bytes as four words,
 * and parts are joined by polynomial multiplication instead of matrices. Words are read in the machine's order, which
 * must be little-endian.
 */
const polynomialLow = 0xd7870f42
const polynomialHigh = 0xc96c5795
const stride = 16

/** Slice `s` of byte `b` is at `(s * 256 + b) * 2`: first the low half, then the high half. */
const table = new Int32Array(stride * 256 * 2)

const fillTable = (): void => {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte
    let high = 0
    // Every further slice is the same remainder pushed through eight more zero bits.
    for (let slice = 0; slice < stride; slice++) {
      for (let bit = 0; bit < 8; bit++) {
        const carry = low & 1
        low = (low >>> 1) | (high << 31)
        high >>>= 1
        if (carry) {
          low ^= polynomialLow
          high ^= polynomialHigh
        }
      }
      table[(slice * 256 + byte) * 2] = low
      table[(slice * 256 + byte) * 2 + 1] = high
    }
  }
}
fillTable()

/** This is a checksum that grows with the bytes it is shown. `value` may be called at any time. */
export interface RunningCrc64 {
  add(bytes: Uint8Array): void
  value(): bigint
}

export const startCrc64 = (): RunningCrc64 => {
  let low = -1
  let high = -1

  const addBytes = (bytes: Uint8Array, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const at = ((low ^ (bytes[i] as number)) & 0xff) * 2
      low = ((low >>> 8) | (high << 24)) ^ (table[at] as number)
      high = (high >>> 8) ^ (table[at + 1] as number)
    }
  }

  const addWords = (words: Int32Array): void => {
    let l = low
    let h = high
    for (let i = 0; i + 3 < words.length; i += 4) {
      const a = (words[i] as number) ^ l
      const b = (words[i + 1] as number) ^ h
      const c = words[i + 2] as number
      const d = words[i + 3] as number
      // `<< 1` skips the pair of halves. Slice 15 belongs to the byte that is furthest from the end.
      const a0 = 7680 + ((a & 0xff) << 1)
      const a1 = 7168 + ((a >>> 7) & 0x1fe)
      const a2 = 6656 + ((a >>> 15) & 0x1fe)
      const a3 = 6144 + ((a >>> 23) & 0x1fe)
      const b0 = 5632 + ((b & 0xff) << 1)
      const b1 = 5120 + ((b >>> 7) & 0x1fe)
      const b2 = 4608 + ((b >>> 15) & 0x1fe)
      const b3 = 4096 + ((b >>> 23) & 0x1fe)
      const c0 = 3584 + ((c & 0xff) << 1)
      const c1 = 3072 + ((c >>> 7) & 0x1fe)
      const c2 = 2560 + ((c >>> 15) & 0x1fe)
      const c3 = 2048 + ((c >>> 23) & 0x1fe)
      const d0 = 1536 + ((d & 0xff) << 1)
      const d1 = 1024 + ((d >>> 7) & 0x1fe)
      const d2 = 512 + ((d >>> 15) & 0x1fe)
      const d3 = (d >>> 23) & 0x1fe
      l =
        (table[a0] as number) ^
        (table[a1] as number) ^
        (table[a2] as number) ^
        (table[a3] as number) ^
        (table[b0] as number) ^
        (table[b1] as number) ^
        (table[b2] as number) ^
        (table[b3] as number) ^
        (table[c0] as number) ^
        (table[c1] as number) ^
        (table[c2] as number) ^
        (table[c3] as number) ^
        (table[d0] as number) ^
        (table[d1] as number) ^
        (table[d2] as number) ^
        (table[d3] as number)
      h =
        (table[a0 + 1] as number) ^
        (table[a1 + 1] as number) ^
        (table[a2 + 1] as number) ^
        (table[a3 + 1] as number) ^
        (table[b0 + 1] as number) ^
        (table[b1 + 1] as number) ^
        (table[b2 + 1] as number) ^
        (table[b3 + 1] as number) ^
        (table[c0 + 1] as number) ^
        (table[c1 + 1] as number) ^
        (table[c2 + 1] as number) ^
        (table[c3 + 1] as number) ^
        (table[d0 + 1] as number) ^
        (table[d1 + 1] as number) ^
        (table[d2 + 1] as number) ^
        (table[d3 + 1] as number)
    }
    low = l
    high = h
  }

  return {
    add(bytes) {
      // Words must start at a multiple of four in memory. What stands before and after them goes byte by byte.
      const head = Math.min((4 - (bytes.byteOffset & 3)) & 3, bytes.length)
      const blocks = (bytes.length - head) >>> 4
      addBytes(bytes, 0, head)
      if (blocks > 0) addWords(new Int32Array(bytes.buffer, bytes.byteOffset + head, blocks * 4))
      addBytes(bytes, head + blocks * stride, bytes.length)
    },
    value: () => (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0),
  }
}

const polynomial = (BigInt(polynomialHigh) << 32n) | BigInt(polynomialLow)
const one = 1n << 63n

/** Returns the product of two polynomials modulo the CRC's polynomial, with the lowest power in the highest bit. */
const multiply = (a: bigint, b: bigint): bigint => {
  let product = 0n
  let shifted = b
  for (let rest = a; rest !== 0n; rest = (rest << 1n) & 0xffffffffffffffffn) {
    if (rest & one) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n
  }
  return product
}

/** Returns x to the power of eight times `byteCount`. A checksum is multiplied with it when that many bytes follow. */
const shiftBy = (byteCount: number): bigint => {
  let result = one
  let base = one >> 8n
  for (let rest = BigInt(byteCount); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, base)
    base = multiply(base, base)
  }
  return result
}

/** Returns the checksum of pieces laid end to end. Sizes are in bytes. */
export const joinCrc64 = (pieces: readonly { readonly crc64: bigint; readonly size: number }[]): bigint => {
  // All parts of one upload but the last have the same size, so a shift is computed about twice, and not 10,000 times.
  const shifts = new Map<number, bigint>()
  let joined = 0n
  for (const { crc64, size } of pieces) {
    const shift = shifts.get(size) ?? shiftBy(size)
    shifts.set(size, shift)
    joined = multiply(joined, shift) ^ crc64
  }
  return joined
}
