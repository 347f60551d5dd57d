import OSS from 'ali-oss'
import type { Credentials } from '../../../ports/credentials.js'
import type { Addressing } from '../wire/addressing.js'
import type { SigningClock } from './signing-clock.js'
import type { ControlContext, Urllib } from './transport.js'

export type Signature = 'v4' | 'v1'

/** OSS signs these query parameters under V1 too. An empty value stands for a bare name. */
export type SubResource = Readonly<Record<string, string>>

export interface OssCallParams {
  readonly method: string
  readonly bucket: string
  readonly object: string
  readonly subres?: SubResource
  readonly query?: Readonly<Record<string, string>>
  /** ali-oss adds fields to this object, so each call needs a fresh one. */
  readonly headers?: Record<string, string>
  readonly mime?: string
  readonly content?: string
  readonly ctx: ControlContext
}

/**
 * This is the part of ali-oss that Longshore uses: its signatures, its URLs, its requests and its XML. Its own typings
 * leave these out.
 */
export interface OssClient {
  request(params: OssCallParams): Promise<unknown>
  authorization(method: string, resource: string, subres: SubResource, headers: Record<string, string>): string
  authorizationV4(
    method: string,
    request: { headers: Record<string, string>; queries: SubResource },
    bucket: string,
    key: string,
  ): string
  parseXML(text: string): Promise<unknown>
  _getResource(target: { bucket: string; object: string }): string
  _getReqUrl(target: { bucket: string; object: string; subres: SubResource }): string
}

export interface OssClientDeps {
  /** The region is written `cn-hangzhou`, with or without `oss-` in front. */
  readonly region: string
  readonly addressing: Addressing
  readonly signature: Signature
  readonly credentials: Credentials
  readonly signingClock: SigningClock
  readonly transport: Urllib
}

/**
 * Returns ali-oss without its transport, its retries and its credential refresh. The endpoint that it is given is a
 * placeholder, because the transport dials the real one. So ali-oss never forges a Host for an IP address and never
 * refuses an IPv6 address.
 */
export const createOssClient = (deps: OssClientDeps): OssClient => {
  const { credentials, signingClock } = deps
  const options = {
    accessKeyId: 'read-per-request',
    accessKeySecret: 'read-per-request',
    region: deps.region,
    endpoint: 'http://oss.invalid',
    sldEnable: deps.addressing === 'path',
    cname: deps.addressing === 'cname',
    authorizationV4: deps.signature === 'v4',
    retryMax: 0,
    urllib: deps.transport,
  }
  const client = new OSS(options) as unknown as OssClient & { options: object }
  Object.defineProperties(client.options, {
    accessKeyId: { get: () => credentials.current().accessKeyId },
    accessKeySecret: { get: () => credentials.current().accessKeySecret },
    stsToken: { get: () => credentials.current().securityToken },
    // ali-oss adds this number to the system's time.
    amendTimeSkewed: { get: () => signingClock.now() - Date.now() },
  })
  return client
}
