import type { IncomingHttpHeaders } from 'node:http'
import type { Address } from './address.js'
import { invalidArgument, OssError } from './oss-error.js'
import { type ExpectedSignature, expectedV1 } from './signature-v1.js'
import { expectedV4, parseV4Authorization } from './signature-v4.js'

/**
 * The emulator knows these keys. With `securityToken` they are temporary credentials, and requests must carry the
 * token.
 */
export interface EmulatorCredentials {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string
  /** The keys expire at this instant (ISO 8601). Without it they never do. */
  readonly expiresAt?: string
}

export interface Authenticator {
  /**
   * Returns when the request is signed as OSS requires, and throws OssError otherwise. `now` is the server's clock in
   * ms.
   */
  check(method: string, address: Address, headers: IncomingHttpHeaders, now: number): void
  /** From now on these keys are known, and no others. */
  accept(credentials: readonly EmulatorCredentials[]): void
}

const maxSkewMs = 15 * 60 * 1000

const checkDate = (requestTime: number, now: number): void => {
  if (Number.isNaN(requestTime)) {
    throw new OssError('AccessDenied', { message: 'OSS authentication requires a valid Date.' })
  }
  if (Math.abs(now - requestTime) <= maxSkewMs) return
  throw new OssError('RequestTimeTooSkewed', {
    elements: {
      MaxAllowedSkewMilliseconds: maxSkewMs,
      RequestTime: new Date(requestTime).toISOString(),
      ServerTime: new Date(now).toISOString(),
    },
  })
}

/** Returns an `x-oss-date` of V4, `yyyymmddThhmmssZ`, in ms. It is NaN when the text is none. */
const parseBasicDate = (text: string): number => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** `region` has no `oss-`. When it is undefined, V4 signatures for any region are accepted. */
export const createAuthenticator = (credentials: EmulatorCredentials, region: string | undefined): Authenticator => {
  let accepted: readonly EmulatorCredentials[] = [credentials]

  const checkKeyId = (accessKeyId: string): void => {
    if (accepted.some((keys) => keys.accessKeyId === accessKeyId)) return
    throw new OssError('InvalidAccessKeyId', { elements: { OSSAccessKeyId: accessKeyId } })
  }

  const checkToken = (accessKeyId: string, headers: IncomingHttpHeaders): EmulatorCredentials => {
    const token = headers['x-oss-security-token']
    const keys = accepted.find((known) => known.accessKeyId === accessKeyId && known.securityToken === token)
    if (keys === undefined) {
      // OSS answers temporary keys without their token as if the keys were unknown.
      if (token === undefined) throw new OssError('InvalidAccessKeyId', { elements: { OSSAccessKeyId: accessKeyId } })
      throw new OssError('InvalidSecurityToken', { elements: { SecurityToken: String(token) } })
    }
    // The true time counts, also when a fault shows the client another time.
    if (keys.expiresAt !== undefined && Date.parse(keys.expiresAt) <= Date.now()) {
      throw new OssError('SecurityTokenExpired')
    }
    return keys
  }

  const checkSignature = (accessKeyId: string, provided: string, candidates: readonly ExpectedSignature[]): void => {
    if (candidates.some(({ signature }) => signature === provided)) return
    throw new OssError('SignatureDoesNotMatch', {
      elements: {
        OSSAccessKeyId: accessKeyId,
        SignatureProvided: provided,
        StringToSign: candidates[0]?.stringToSign ?? '',
      },
    })
  }

  const checkV4 = (
    method: string,
    address: Address,
    headers: IncomingHttpHeaders,
    authorization: string,
    now: number,
  ): void => {
    const parsed = parseV4Authorization(authorization)
    checkKeyId(parsed.accessKeyId)
    const date = String(headers['x-oss-date'] ?? '')
    checkDate(parseBasicDate(date), now)
    if (!date.startsWith(parsed.date)) {
      throw invalidArgument('Authorization', authorization, 'Invalid signing date in Authorization header.')
    }
    if (region !== undefined && parsed.region !== region) {
      const message = 'Invalid signing region in Authorization header.'
      throw invalidArgument('Authorization', authorization, message, '0002-00000226')
    }
    const payload = String(headers['x-oss-content-sha256'] ?? '')
    if (payload !== 'UNSIGNED-PAYLOAD') {
      throw invalidArgument('x-oss-content-sha256', payload, 'x-oss-content-sha256 must be UNSIGNED-PAYLOAD.')
    }
    const { accessKeyId, accessKeySecret } = checkToken(parsed.accessKeyId, headers)
    checkSignature(accessKeyId, parsed.signature, expectedV4(method, address, headers, parsed, accessKeySecret))
  }

  const checkV1 = (
    method: string,
    address: Address,
    headers: IncomingHttpHeaders,
    authorization: string,
    now: number,
  ): void => {
    const colon = authorization.lastIndexOf(':')
    const accessKeyId = authorization.slice('OSS '.length, Math.max(colon, 4))
    checkKeyId(accessKeyId)
    checkDate(Date.parse(String(headers['x-oss-date'] ?? headers.date ?? '')), now)
    const { accessKeySecret } = checkToken(accessKeyId, headers)
    checkSignature(accessKeyId, authorization.slice(colon + 1), [expectedV1(method, address, headers, accessKeySecret)])
  }

  return {
    check(method, address, headers, now) {
      const { authorization } = headers
      if (address.query.has('Signature') || address.query.has('x-oss-signature')) {
        throw new OssError('NotImplemented', { message: 'The emulator checks signatures in headers only.' })
      }
      if (authorization === undefined) throw new OssError('AccessDenied')
      if (authorization.startsWith('OSS4-HMAC-SHA256 ')) checkV4(method, address, headers, authorization, now)
      else if (authorization.startsWith('OSS ')) checkV1(method, address, headers, authorization, now)
      else throw invalidArgument('Authorization', authorization, 'Authorization header is invalid.')
    },
    accept(credentials) {
      accepted = credentials
    },
  }
}
