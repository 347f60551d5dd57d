import { maxParts } from '../../../core/plan.js'
import type { ListedPart } from '../../../ports/target.js'
import type { Answer } from '../wire/exchange.js'
import type { OssClient } from './client.js'

/** These are the children of an XML element by name. */
export type Fields = Readonly<Record<string, unknown>>

/** This is what OSS itself says about a refusal. Each field is null where the answer does not hold it. */
export interface OssError {
  readonly code: string | null
  readonly message: string | null
  readonly requestId: string | null
  readonly serverTime: string | null
  /** This is the host of the endpoint that OSS names as the right one, or of the address that a redirect leads to. */
  readonly elsewhere: string | null
}

export interface PartsPage {
  readonly parts: readonly ListedPart[]
  /** The listing goes on behind this part number. It is null on the last page. */
  readonly nextMarker: number | null
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns a child's text, or null when it is absent, empty or not a text. */
export const textOf = (fields: Fields | null, name: string): string | null => {
  const value = fields !== null && Object.hasOwn(fields, name) ? fields[name] : null
  return typeof value === 'string' && value !== '' ? value : null
}

/** Returns a code or an id, or null when the text does not look like one, because codes and ids are kept and shown. */
const wordOf = (fields: Fields | null, name: string): string | null => {
  const text = textOf(fields, name)
  return text !== null && /^[\w.-]{1,128}$/.test(text) ? text : null
}

const integerOf = (fields: Fields, name: string): number | null => {
  const text = textOf(fields, name)
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** Returns the fields below the root element, or null when the text is not whole, well-formed XML. */
export const parseFields = async (client: OssClient, text: string): Promise<Fields | null> => {
  if (text.trim() === '') return null
  try {
    const parsed = await client.parseXML(text)
    return isFields(parsed) ? parsed : null
  } catch {
    // The parser's message holds the text, so it is dropped. What exactly was wrong changes nothing.
    return null
  }
}

/** Returns a header's value, or null when it is absent or empty. */
export const headerOf = (answer: Answer, name: string): string | null => answer.headers[name] || null

export const requestIdOf = (answer: Answer): string | null => headerOf(answer, 'x-oss-request-id')

/** Returns an ETag without its quotes. */
export const unquote = (etag: string): string => etag.trim().replace(/^"|"$/g, '')

/** Returns the ETag without quotes, or null when it is absent. */
export const etagOf = (answer: Answer): string | null => unquote(headerOf(answer, 'etag') ?? '') || null

/**
 * Returns OSS's CRC-64 as a decimal string without leading zeros, or null when it is absent. Text that is not a number
 * stays as it is, and so equals no checksum.
 */
export const crc64Of = (answer: Answer): string | null => decimal(headerOf(answer, 'x-oss-hash-crc64ecma'))

/** Returns the text of a checksum without leading zeros. Text that is no number stays as it is. */
export const decimal = (text: string | null): string | null =>
  text !== null && /^\d{1,20}$/.test(text) ? String(BigInt(text)) : text

/** Returns the version id. OSS says `null` for objects of buckets that no longer keep versions. */
export const versionIdOf = (answer: Answer): string | null => {
  const text = headerOf(answer, 'x-oss-version-id')
  return text === 'null' ? null : text
}

/**
 * Returns a host with its port, from an address or a bare name. It is null when the text is neither, or leads nowhere
 * else.
 */
const hostOf = (text: string | null): string | null => {
  if (text === null) return null
  const host = /^(?:[a-z]+:)?\/\/([^/?#]*)/i.exec(text)?.[1] ?? (/[/?#\s]/.test(text) ? '' : text)
  // A user name and a password may stand before the host, and must not be shown.
  const bare = host.slice(host.lastIndexOf('@') + 1)
  return /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i.test(bare) ? bare : null
}

/** Returns the host that an answer without success sends us to. */
export const elsewhereOf = (answer: Answer, endpoint: string | null): string | null =>
  hostOf(endpoint) ?? (answer.status >= 300 && answer.status < 400 ? hostOf(headerOf(answer, 'location')) : null)

/** Reads the error from the body, or from `x-oss-err` where the answer cannot have a body (HEAD). */
export const readError = async (client: OssClient, answer: Answer): Promise<OssError> => {
  const encoded = headerOf(answer, 'x-oss-err')
  const text = answer.body === '' && encoded !== null ? Buffer.from(encoded, 'base64').toString('utf8') : answer.body
  const fields = await parseFields(client, text)
  return {
    code: wordOf(fields, 'Code'),
    message: textOf(fields, 'Message'),
    requestId: requestIdOf(answer) ?? wordOf(fields, 'RequestId'),
    serverTime: headerOf(answer, 'date') ?? textOf(fields, 'ServerTime'),
    elsewhere: elsewhereOf(answer, textOf(fields, 'Endpoint')),
  }
}

/**
 * Returns how long the answer asks us to wait, or null. A Retry-After that is a date counts from the answer's own Date,
 * because our clock may be wrong.
 */
export const retryAfterMsOf = (answer: Answer): number | null => {
  const qosDelay = headerOf(answer, 'x-oss-qos-delay-time')
  if (qosDelay !== null && /^\d{1,9}$/.test(qosDelay)) return Number(qosDelay)
  const retryAfter = headerOf(answer, 'retry-after')
  if (retryAfter === null) return null
  if (/^\d{1,6}$/.test(retryAfter)) return Number(retryAfter) * 1000
  const delayMs = Date.parse(retryAfter) - Date.parse(headerOf(answer, 'date') ?? '')
  return Number.isNaN(delayMs) ? null : Math.max(0, delayMs)
}

/** Returns the upload id of an InitiateMultipartUploadResult, or null. */
export const readUploadId = async (client: OssClient, answer: Answer): Promise<string | null> =>
  textOf(await parseFields(client, answer.body), 'UploadId')

/**
 * Returns the ETag of a whole CompleteMultipartUploadResult, without quotes. It is null for anything less, because that
 * proves nothing.
 */
export const readCompletedEtag = async (client: OssClient, answer: Answer): Promise<string | null> => {
  const fields = await parseFields(client, answer.body)
  if (fields === null || textOf(fields, 'Code') !== null) return null
  return unquote(textOf(fields, 'ETag') ?? '') || null
}

/**
 * Returns one page of a ListPartsResult, or null when the answer is not one. `after` is the marker that was asked for.
 */
export const readPartsPage = async (client: OssClient, answer: Answer, after: number): Promise<PartsPage | null> => {
  const fields = await parseFields(client, answer.body)
  const truncated = textOf(fields, 'IsTruncated')
  if (fields === null || (truncated !== 'true' && truncated !== 'false')) return null
  // The parser gives nothing when there is no Part, an object when there is one, and an array when there are several.
  const listed = [fields['Part'] ?? []].flat()
  const parts = listed.map(readPart)
  if (!areInOrder(parts, after)) return null
  if (truncated === 'false') return { parts, nextMarker: null }
  const nextMarker = integerOf(fields, 'NextPartNumberMarker')
  // A marker that does not move, or that moves forever, would make us list forever.
  const seen = parts.at(-1)?.partNumber ?? after + 1
  return nextMarker === null || nextMarker < seen || nextMarker > maxParts ? null : { parts, nextMarker }
}

const readPart = (listed: unknown): ListedPart | null => {
  if (!isFields(listed)) return null
  const partNumber = integerOf(listed, 'PartNumber')
  const size = integerOf(listed, 'Size')
  const etag = unquote(textOf(listed, 'ETag') ?? '')
  const crc64 = decimal(textOf(listed, 'HashCrc64ecma'))
  return partNumber === null || size === null || etag === '' ? null : { partNumber, size, etag, crc64 }
}

const areInOrder = (parts: readonly (ListedPart | null)[], after: number): parts is readonly ListedPart[] => {
  let previous = after
  for (const part of parts) {
    if (part === null || part.partNumber <= previous) return false
    previous = part.partNumber
  }
  return true
}
