import { createHash, createHmac } from 'node:crypto'
import type { ObjectRef } from '../../../ports/target.js'
import type { SubResource } from './client.js'

export interface SigningKeys {
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

/** Returns the value of `authorization` for a PUT. `headers` have lower-case names, `x-oss-date` is among them. */
export type AuthorizePut = (
  object: Pick<ObjectRef, 'bucket' | 'key'>,
  query: SubResource,
  headers: Readonly<Record<string, string>>,
  keys: SigningKeys,
) => string

/** Escapes everything but the unreserved characters of RFC 3986. */
const escapeAll = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

const canonicalQueryOf = (query: SubResource): string =>
  Object.entries(query)
    .map(([name, value]) => `${escapeAll(name)}=${escapeAll(value)}`)
    .sort()
    .join('&')

const isSigned = (name: string): boolean =>
  name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5'

const canonicalHeadersOf = (headers: Readonly<Record<string, string>>): string => {
  let text = ''
  for (const name of Object.keys(headers).filter(isSigned).sort()) text += `${name}:${headers[name]?.trim()}\n`
  return text
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/**
 * Creates OSS's signature V4 (OSS4-HMAC-SHA256, unsigned payload) for PUTs. It gives what ali-oss's `authorizationV4`
 * gives (a test compares them), at a fifth of the cost, because it keeps the key of the day.
 */
export const createAuthorizationV4 = (givenRegion: string): AuthorizePut => {
  const region = givenRegion.replace(/^oss-/, '')
  let known: { secret: string; day: string; key: Buffer } = { secret: '', day: '', key: Buffer.alloc(0) }

  const keyOfDay = (secret: string, day: string): Buffer => {
    if (known.day !== day || known.secret !== secret) {
      const steps = [day, region, 'oss', 'aliyun_v4_request']
      const key = steps.reduce<Buffer>((made, step) => hmac(made, step), Buffer.from(`aliyun_v4${secret}`))
      known = { secret, day, key }
    }
    return known.key
  }

  return ({ bucket, key }, query, headers, { accessKeyId, accessKeySecret }) => {
    const date = headers['x-oss-date'] ?? ''
    const day = date.slice(0, 8)
    const scope = `${day}/${region}/oss/aliyun_v4_request`
    const path = `/${bucket}/${escapeAll(key).replaceAll('%2F', '/')}`
    const payload = headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
    const request = `PUT\n${path}\n${canonicalQueryOf(query)}\n${canonicalHeadersOf(headers)}\n\n${payload}`
    const hash = createHash('sha256').update(request).digest('hex')
    const signature = createHmac('sha256', keyOfDay(accessKeySecret, day))
      .update(`OSS4-HMAC-SHA256\n${date}\n${scope}\n${hash}`)
      .digest('hex')
    return `OSS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},Signature=${signature}`
  }
}
