import { Failure } from '../../core/failure.js'
import type { Receipt } from '../../core/job.js'
import type { StoredObject } from '../../ports/target.js'

/** What we know of the bytes that were sent. The CRC-64 is decimal. */
export interface SentObject {
  readonly size: number
  readonly crc64: string
  /** Every answer along the way carried OSS's own CRC-64 and it matched. */
  readonly partsProven: boolean
  readonly marker: string | null
}

const carries = (found: StoredObject, sent: SentObject): boolean =>
  found.size === sent.size && (found.serverCrc64 === null ? sent.partsProven : found.serverCrc64 === sent.crc64)

/**
 * Whether the object that OSS shows can be the one that a put of these bytes made, as far as can be told without
 * reading the source.
 */
export const mayBeOurs = (found: StoredObject, { size, marker }: Pick<SentObject, 'size' | 'marker'>): boolean =>
  found.size === size && (marker === null || found.marker === marker)

/**
 * Whether the object that OSS shows is the one that we made: it has our marker, our size and our CRC-64. Without a
 * marker equal bytes must do, and then only a CRC-64 of the whole object tells.
 */
export const isOurs = (found: StoredObject, sent: SentObject): boolean =>
  sent.marker === null
    ? found.serverCrc64 !== null && carries(found, sent)
    : found.marker === sent.marker && carries(found, sent)

/**
 * Returns the receipt of an object that OSS shows. Throws Failure `permanent` with `integrity` when it does not prove
 * our bytes.
 */
export const proveObject = (found: StoredObject, sent: SentObject, completedAt: number): Receipt => {
  const receipt = {
    size: found.size,
    crc64: sent.crc64,
    serverCrc64: found.serverCrc64,
    etag: found.etag,
    versionId: found.versionId,
    requestId: found.requestId,
    completedAt,
  }
  if (found.size === sent.size && found.serverCrc64 === sent.crc64) return { ...receipt, proof: 'object' }
  if (found.size === sent.size && found.serverCrc64 === null && sent.partsProven) return { ...receipt, proof: 'parts' }
  throw new Failure(
    'permanent',
    `OSS holds ${found.size} bytes with CRC-64 ${found.serverCrc64 ?? 'unknown'}; the source has ${sent.size} bytes with CRC-64 ${sent.crc64}`,
    { code: 'integrity', requestId: found.requestId },
  )
}

/**
 * Returns the Failure that ends a job because an object that it may not replace has its name. `answer` is what OSS said
 * when that came out.
 */
export const objectExists = (message: string, answer: Partial<Pick<Failure, 'ossCode' | 'requestId'>>): Failure =>
  new Failure('permanent', message, {
    code: 'object_exists',
    ossCode: answer.ossCode ?? null,
    requestId: answer.requestId ?? null,
  })

/** OSS made the object and did not get the answer it wanted from the callback. */
export class CallbackFailed extends Error {
  override readonly name = 'CallbackFailed'
  readonly failure: Failure
  /** Proves the object; null when OSS refuses to show it. */
  readonly receipt: Receipt | null

  constructor(failure: Failure, receipt: Receipt | null) {
    super(failure.message, { cause: failure })
    this.failure = failure
    this.receipt = receipt
  }
}

export const isCallbackFailure = (failure: Failure): boolean => failure.code === 'callback_failed'
