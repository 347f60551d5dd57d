import type { Credentials } from '../../../ports/credentials.js'
import type { ObjectRef } from '../../../ports/target.js'
import type { OssClient, Signature, SubResource } from './client.js'
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

/**
 * Creates the signer of data requests. These do not pass through ali-oss's request function, but they carry its
 * signature over exactly the headers that are given here.
 */
export const createSigner =
  (deps: {
    readonly client: OssClient
    readonly signature: Signature
    readonly credentials: Credentials
    readonly signingClock: SigningClock
  }): SignPut =>
  ({ bucket, key }, query, given) => {
    const { client, signature } = deps
    const { securityToken } = deps.credentials.current()
    const at = new Date(deps.signingClock.now())
    const headers: Record<string, string> = {
      ...given,
      'x-oss-date': signature === 'v4' ? basicIso(at) : at.toUTCString(),
      ...(signature === 'v4' ? { 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD' } : {}),
      ...(securityToken === null ? {} : { 'x-oss-security-token': securityToken }),
    }
    const authorization =
      signature === 'v4'
        ? client.authorizationV4('PUT', { headers, queries: query }, bucket, key)
        : client.authorization('PUT', client._getResource({ bucket, object: key }), query, headers)
    return {
      path: pathOf(client._getReqUrl({ bucket, object: key, subres: query })),
      headers: { ...headers, authorization },
    }
  }
