import type { IncomingHttpHeaders } from 'node:http'
import { invalidArgument, OssError } from './oss-error.js'
import type { ObjectMetadata, StoredObject } from './stored.js'

const storageClasses = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']
const acls = ['default', 'private', 'public-read', 'public-read-write']
const encryptionMethods = ['AES256', 'KMS', 'SM4']

const keptHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-oss-server-side-encryption',
  'x-oss-server-side-encryption-key-id',
  'x-oss-server-side-data-encryption',
]
/** This limits the user metadata of one object, names and values together. */
const maxMetaBytes = 8 * 1024

const headerText = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return value === undefined ? undefined : String(value)
}

const oneOf = (headers: IncomingHttpHeaders, name: string, allowed: readonly string[]): string | undefined => {
  const value = headerText(headers, name)
  if (value === undefined || allowed.includes(value)) return value
  throw invalidArgument(name, value, `no such ${name.replace('x-oss-', '').replaceAll('-', ' ')} exists`)
}

export type Tags = ObjectMetadata['tags']

/** A tag consists of letters, digits, spaces and `+ - = . _ : /`. */
const tagText = /^[\p{L}\p{N} +\-=._:/]*$/u

/** Refuses tags that OSS does not accept for one object. */
export const checkTags = (tags: Tags): Tags => {
  const names = new Set(tags.map(([key]) => key))
  const fits = tags.every(
    ([key, value]) =>
      key.length >= 1 && key.length <= 128 && value.length <= 256 && tagText.test(key) && tagText.test(value),
  )
  if (tags.length > 10 || names.size !== tags.length || !fits) throw new OssError('InvalidTag')
  return tags
}

const readTags = (headers: IncomingHttpHeaders): Tags =>
  checkTags([...new URLSearchParams(headerText(headers, 'x-oss-tagging') ?? '')])

/** Returns `x-oss-object-acl`. The default is `default`, which is the bucket's ACL. */
export const readAcl = (headers: IncomingHttpHeaders): string => oneOf(headers, 'x-oss-object-acl', acls) ?? 'default'

/** Returns what PutObject and InitiateMultipartUpload say about the future object. Throws what OSS would refuse. */
export const readMetadata = (headers: IncomingHttpHeaders): ObjectMetadata => {
  oneOf(headers, 'x-oss-server-side-encryption', encryptionMethods)
  const kept: Record<string, string> = { 'content-type': 'application/octet-stream' }
  let metaBytes = 0
  for (const [name, value] of Object.entries(headers)) {
    const isMeta = name.startsWith('x-oss-meta-')
    if (value === undefined || !(isMeta || keptHeaders.includes(name))) continue
    kept[name] = String(value)
    if (isMeta) metaBytes += name.length + String(value).length
  }
  if (metaBytes > maxMetaBytes) {
    throw invalidArgument('x-oss-meta', String(metaBytes), 'The total size of user metadata exceeds 8 KB.')
  }
  return {
    headers: kept,
    storageClass: oneOf(headers, 'x-oss-storage-class', storageClasses) ?? 'Standard',
    tags: readTags(headers),
  }
}

/** Returns how an object is encrypted, as every answer about its making repeats it. */
export const describeEncryption = (kept: ObjectMetadata['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(kept).filter(([name]) => name.startsWith('x-oss-server-side-')))

/** Returns the headers by which GET and HEAD describe an object. */
export const describeObject = (object: StoredObject): Record<string, string> => ({
  ...object.headers,
  etag: `"${object.etag}"`,
  'last-modified': new Date(object.modifiedAt).toUTCString(),
  'accept-ranges': 'bytes',
  'x-oss-object-type': object.type,
  'x-oss-storage-class': object.storageClass,
  'x-oss-hash-crc64ecma': object.crc64,
  // The ETag of a multipart object is not an MD5, and OSS knows none of it.
  ...(object.type === 'Normal' ? { 'content-md5': Buffer.from(object.etag, 'hex').toString('base64') } : {}),
  ...(object.tags.length === 0 ? {} : { 'x-oss-tagging-count': String(object.tags.length) }),
})
