/**
 * CRC-64/XZ (poly 0x42F0E1EBA9EA3693 reflected, init and xorout all ones), the checksum that OSS answers as
 * `x-oss-hash-crc64ecma`. "123456789" -> 0x995DC9BBDF1939FA. Source: oss-facts, section 2.
 *
 * JavaScript has no 64-bit integers that are fast, so the running value is two 32-bit halves and the tables are split
 * likewise: slicing-by-8 handles eight bytes a step.
 */
const reflectedPoly = 0xc96c5795d7870f42n
const slices = 8

const tableLow = new Int32Array(slices * 256)
const tableHigh = new Int32Array(slices * 256)

const store = (index: number, value: bigint): void => {
  tableLow[index] = Number(value & 0xffffffffn) | 0
  tableHigh[index] = Number(value >> 32n) | 0
}

const buildTables = (): void => {
  const first: bigint[] = []
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ reflectedPoly : crc >> 1n
    first.push(crc)
    store(byte, crc)
  }
  let previous = first
  for (let slice = 1; slice < slices; slice++) {
    previous = previous.map((crc) => (crc >> 8n) ^ (first[Number(crc & 0xffn)] ?? 0n))
    previous.forEach((crc, byte) => {
      store(slice * 256 + byte, crc)
    })
  }
}
buildTables()

/** This is a running CRC-64/XZ. `digest` may be called at any time and does not end the run. */
export interface Crc64 {
  update(bytes: Uint8Array): void
  digest(): bigint
}

/** Starts a run. The data path uses an engine that is faster than this file (`adapters/crc64`). */
export type Crc64Factory = () => Crc64

/** Returns the checksum that a running register stands for, from its two halves. */
export const digestOf = (low: number, high: number): bigint => (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)

export const createCrc64 = (): Crc64 => {
  let low = -1
  let high = -1
  return {
    update(bytes) {
      let l = low
      let h = high
      let i = 0
      const end = bytes.length - (bytes.length % 8)
      // Indices are masked to a byte, so every table read is in range. The `as number` tells the compiler so.
      for (; i < end; i += 8) {
        l ^=
          (bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24)
        h ^=
          (bytes[i + 4] as number) |
          ((bytes[i + 5] as number) << 8) |
          ((bytes[i + 6] as number) << 16) |
          ((bytes[i + 7] as number) << 24)
        const a = 1792 + (l & 0xff)
        const b = 1536 + ((l >>> 8) & 0xff)
        const c = 1280 + ((l >>> 16) & 0xff)
        const d = 1024 + (l >>> 24)
        const e = 768 + (h & 0xff)
        const f = 512 + ((h >>> 8) & 0xff)
        const g = 256 + ((h >>> 16) & 0xff)
        const k = h >>> 24
        l =
          (tableLow[a] as number) ^
          (tableLow[b] as number) ^
          (tableLow[c] as number) ^
          (tableLow[d] as number) ^
          (tableLow[e] as number) ^
          (tableLow[f] as number) ^
          (tableLow[g] as number) ^
          (tableLow[k] as number)
        h =
          (tableHigh[a] as number) ^
          (tableHigh[b] as number) ^
          (tableHigh[c] as number) ^
          (tableHigh[d] as number) ^
          (tableHigh[e] as number) ^
          (tableHigh[f] as number) ^
          (tableHigh[g] as number) ^
          (tableHigh[k] as number)
      }
      for (; i < bytes.length; i++) {
        const index = (l ^ (bytes[i] as number)) & 0xff
        l = ((l >>> 8) | (h << 24)) ^ (tableLow[index] as number)
        h = (h >>> 8) ^ (tableHigh[index] as number)
      }
      low = l
      high = h
    },
    digest: () => digestOf(low, high),
  }
}

/** Returns the CRC-64/XZ of one whole buffer. */
export const crc64Of = (bytes: Uint8Array): bigint => {
  const crc = createCrc64()
  crc.update(bytes)
  return crc.digest()
}

type Matrix = readonly bigint[]

const times = (matrix: Matrix, vector: bigint): bigint => {
  let product = 0n
  for (let bit = 0; vector >> BigInt(bit); bit++) {
    if ((vector >> BigInt(bit)) & 1n) product ^= matrix[bit] ?? 0n
  }
  return product
}

const square = (matrix: Matrix): Matrix => matrix.map((column) => times(matrix, column))

/**
 * These operators append 2^n zero bytes. They are built once, because combining 10,000 parts must not build them 10,000
 * times.
 */
const zeroBytes: Matrix[] = []
const appendZeroBytes = (power: number): Matrix => {
  const known = zeroBytes[power]
  if (known !== undefined) return known
  let matrix: Matrix
  if (power === 0) {
    const oneBit = [reflectedPoly, ...Array.from({ length: 63 }, (_, bit) => 1n << BigInt(bit))]
    matrix = square(square(square(oneBit)))
  } else {
    matrix = square(appendZeroBytes(power - 1))
  }
  zeroBytes[power] = matrix
  return matrix
}

/** Returns the CRC of `a` followed by `b`, from their CRCs and the length of `b` in bytes. */
export const combineCrc64 = (a: bigint, b: bigint, lengthB: number): bigint => {
  let crc = a
  let rest = BigInt(lengthB)
  for (let power = 0; rest > 0n; power++, rest >>= 1n) {
    if (rest & 1n) crc = times(appendZeroBytes(power), crc)
  }
  return crc ^ b
}
