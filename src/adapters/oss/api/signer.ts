import type { Credentials } from '../../../ports/credentials.js'
import type { ObjectRef } from '../../../ports/target.js'
import type { OssClient, Signature, SubResource } from './client.js'
import { createAuthorizationV4 } from './signature-v4.js'
import type { SigningClock } from './signing-clock.js'
import { pathOf } from './transport.js'

export interface SignedPut {
  /** This is the path with its query, exactly as it must go out. */
  readonly path: string
  /** These are all headers of the request, with their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Signs a PUT of bytes at this moment. The signature is valid for about a quarter of an hour, so call this when the
 * request starts.
 */
export type SignPut = (object: ObjectRef, query: SubResource, headers: Readonly<Record<string, string>>) => SignedPut

/** Returns an instant as `20260101T000000Z`. */
const basicIso = (at: Date): string => `${at.toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`

/** Writes instants as the signature wants them, and remembers the last one, because many requests share a second. */
const createDates = (signature: Signature) => {
  let second = Number.NaN
  let text = ''
  return (at: number): string => {
    const now = Math.floor(at / 1000)
    if (now !== second) {
      second = now
      text = signature === 'v4' ? basicIso(new Date(at)) : new Date(at).toUTCString()
    }
    return text
  }
}

/**
 * Creates the signer of data requests. These do not pass through ali-oss's request function. They carry its signature
 * V1, or the same V4 that it would give, over exactly the headers that are given here.
 */
export const createSigner = (deps: {
  readonly client: OssClient
  readonly region: string
  readonly signature: Signature
  readonly credentials: Credentials
  readonly signingClock: SigningClock
}): SignPut => {
  const { client, signature, credentials, signingClock } = deps
  const dateOf = createDates(signature)
  const authorizeV4 = createAuthorizationV4(deps.region)

  return ({ bucket, key }, query, given) => {
    const keys = credentials.current()
    const headers: Record<string, string> = { ...given, 'x-oss-date': dateOf(signingClock.now()) }
    if (signature === 'v4') headers['x-oss-content-sha256'] = 'UNSIGNED-PAYLOAD'
    if (keys.securityToken !== null) headers['x-oss-security-token'] = keys.securityToken
    headers['authorization'] =
      signature === 'v4'
        ? authorizeV4({ bucket, key }, query, headers, keys)
        : client.authorization('PUT', client._getResource({ bucket, object: key }), query, headers)
    return { path: pathOf(client._getReqUrl({ bucket, object: key, subres: query })), headers }
  }
}
