import { Failure, type FailureKind, type JobErrorCode } from '../../../core/failure.js'
import type { ExchangePhase, ProxyTrouble } from '../wire/exchange.js'
import { proxyRemedy, tlsRemedy } from './setup-remedies.js'

export type OssCall =
  | 'initiate'
  | 'part'
  | 'put'
  | 'list'
  | 'uploads'
  | 'complete'
  | 'abort'
  | 'head'
  | 'lifecycle'
  | 'ask'

const callNames: Readonly<Record<OssCall, string>> = {
  initiate: 'InitiateMultipartUpload',
  part: 'UploadPart',
  put: 'PutObject',
  list: 'ListParts',
  uploads: 'ListMultipartUploads',
  complete: 'CompleteMultipartUpload',
  abort: 'AbortMultipartUpload',
  head: 'HeadObject',
  lifecycle: 'GetBucketLifecycle',
  ask: 'a first look',
}

/** A bad answer is not the success that its call needs. */
export interface BadAnswer {
  readonly call: OssCall
  readonly status: number
  /** These are OSS's own code and sentence. They are null where the answer held none. */
  readonly ossCode: string | null
  readonly ossMessage: string | null
  readonly requestId: string | null
  /** This is the host that the answer names as the right endpoint, or redirects to. */
  readonly elsewhere: string | null
  readonly retryAfterMs: number | null
  /** It is false when the body was cut, so that a missing code means nothing. */
  readonly whole: boolean
  /** It is true when the request was signed with keys that expire. */
  readonly temporaryKeys: boolean
  /** It is true when a proxy passed the answer on, so that it may be the proxy's own answer. */
  readonly forwarded: boolean
}

/** A broken exchange is a request without a whole answer. */
export interface BrokenExchange {
  readonly call: OssCall
  /** This is the `errno` of the ExchangeError. */
  readonly errno: string
  readonly phase: ExchangePhase
  readonly proxy: ProxyTrouble | null
}

interface Verdict {
  readonly kind: FailureKind
  readonly code?: JobErrorCode
}

const accessDenied: Verdict = { kind: 'permanent', code: 'access_denied' }
const badRequest: Verdict = { kind: 'permanent', code: 'bad_request' }
const noSuchBucket: Verdict = { kind: 'permanent', code: 'no_such_bucket' }
const transient: Verdict = { kind: 'transient' }
const throttled: Verdict = { kind: 'throttled' }
const conflict: Verdict = { kind: 'conflict' }
const lost: Verdict = { kind: 'lost' }
const callbackFailed: Verdict = { kind: 'permanent', code: 'callback_failed' }
const integrity: Verdict = { kind: 'integrity', code: 'integrity' }
const credentials: Verdict = { kind: 'credentials', code: 'access_denied' }

/** OSS's code decides before the status does. The source of this table is oss-facts, sections 2 and 3. */
const byOssCode: ReadonlyMap<string, Verdict> = new Map([
  ['AccessDenied', accessDenied],
  ['SignatureDoesNotMatch', accessDenied],
  ['InvalidAccessKeyId', accessDenied],
  ['InvalidSecurityToken', accessDenied],
  ['UserDisable', accessDenied],
  ['SecurityTokenExpired', credentials],
  ['RequestTimeTooSkewed', { kind: 'clock' }],
  ['NoSuchBucket', noSuchBucket],
  ['NoSuchUpload', lost],
  ['InvalidPart', conflict],
  ['InvalidPartOrder', conflict],
  ['PartNotSequential', conflict],
  ['PartAlreadyExist', conflict],
  ['FileAlreadyExists', conflict],
  ['CallbackFailed', callbackFailed],
  ['InvalidDigest', integrity],
  ['BadDigest', integrity],
  ['RequestTimeout', transient],
  ['IncompleteBody', transient],
  ['InternalError', transient],
  ['ServiceUnavailable', transient],
  ['SlowDown', throttled],
  ['TooManyRequests', throttled],
])
const uploadCalls: ReadonlySet<OssCall> = new Set(['part', 'list', 'complete', 'abort'])
const throttleCode = /(Limit|LimitRate|Rate)Exceeded$|^Throttling/
/** Keys that expire may be unknown because they have expired, so asking for new ones is worth a try. */
const curedByNewKeys: ReadonlySet<string> = new Set(['InvalidAccessKeyId', 'InvalidSecurityToken'])

const byStatus = (status: number): Verdict => {
  if (status === 429) return throttled
  // These statuses say that the other side cannot do this at all, and no repetition changes that.
  if (status === 501 || status === 505) return badRequest
  if (status >= 500 || status === 408 || status === 425) return transient
  if (status === 401 || status === 403) return accessDenied
  if (status >= 300) return badRequest
  // This is a success that does not show what it must. The effect is unknown, and repeating the call is harmless or
  // `ambiguous`.
  return transient
}

/** With these errors the request could not even be written down, and the next try would fail in the same way. */
const unsendableErrnos: ReadonlySet<string> = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
])

/**
 * When an operator has to mend something, the request is repeated now and then but not fast, because each try would
 * fail in the same way.
 */
const setupRetryMs = 10_000

const setupFailure = (message: string, details: { readonly status?: number; readonly unsent?: boolean }): Failure =>
  new Failure('setup', message, { ...details, retryAfterMs: setupRetryMs })

/**
 * Returns whether the answer is the proxy's own. Every answer of OSS has a request id, and a server never answers 407.
 * A bare 404 is judged elsewhere.
 */
const isProxysOwn = ({ status, ossCode, requestId, forwarded }: BadAnswer): boolean =>
  status === 407 || (forwarded && ossCode === null && requestId === null && status !== 404)

/**
 * Returns the subject of a sentence about an answer. Every answer of OSS has a request id, so an answer without one
 * came from a hop on the way, or from another server.
 */
const whoAnswered = (requestId: string | null): string => (requestId === null ? 'Something in front of OSS' : 'OSS')

/** Returns the end of a sentence about an answer that sends us to another host. */
const direction = (status: number, elsewhere: string | null): string => {
  if (elsewhere === null) return ''
  return status >= 300 && status < 400 ? `; it redirects to ${elsewhere}` : `; the right endpoint is ${elsewhere}`
}

/** Returns the meaning of an answer by OSS's code, or else by its status. */
export const classifyAnswer = (answer: BadAnswer): Failure => {
  const { call, status, ossCode, ossMessage, requestId, retryAfterMs, elsewhere } = answer
  const own = isProxysOwn(answer)
  const remedy = own ? proxyRemedy(status) : null
  if (remedy !== null) return setupFailure(remedy, { status })
  const { kind, code } = verdictOf(answer)
  // The sentence goes on behind OSS's message, so the message loses its full stop.
  const ossSaid = elsewhere === null ? ossMessage : (ossMessage?.replace(/\.$/, '') ?? null)
  const said = ossCode === null ? '' : ` ${ossCode}${ossSaid === null ? '' : `: ${ossSaid}`}`
  const who = own ? 'The proxy' : whoAnswered(requestId)
  return new Failure(kind, `${who} answered ${callNames[call]} with ${status}${said}${direction(status, elsewhere)}`, {
    ...(code === undefined ? {} : { code }),
    ossCode,
    elsewhere,
    requestId,
    status,
    retryAfterMs,
  })
}

const verdictOf = (answer: BadAnswer): Verdict => {
  const { call, status, retryAfterMs } = answer
  const verdict = plainVerdictOf(answer)
  if (verdict.kind !== 'transient') return verdict
  if (call === 'complete') return { kind: 'ambiguous' }
  return status === 503 && retryAfterMs !== null ? throttled : transient
}

const plainVerdictOf = ({ call, status, ossCode, requestId, whole, temporaryKeys }: BadAnswer): Verdict => {
  if (ossCode !== null) {
    if (temporaryKeys && curedByNewKeys.has(ossCode)) return credentials
    if (throttleCode.test(ossCode)) return throttled
    return byOssCode.get(ossCode) ?? byStatus(status)
  }
  // OSS answers a failed callback with 203, which says enough even where its document was cut off.
  if (status === 203 && requestId !== null && (call === 'put' || call === 'complete')) return callbackFailed
  // The code that would say what the refusal means was cut off.
  if (!whole && status < 500 && status >= 400) return transient
  // A 404 without a code speaks of the upload only when it is OSS's own answer, because a proxy knows no uploads.
  if (status === 404 && requestId === null) return transient
  if (status === 404 && uploadCalls.has(call)) return lost
  return byStatus(status)
}

/**
 * Returns the meaning of a request that broke off, by what went wrong, how far the request had come and who ended it.
 */
export const classifyBroken = ({ call, errno, phase, proxy }: BrokenExchange): Failure => {
  const name = callNames[call]
  if (unsendableErrnos.has(errno)) {
    return new Failure('permanent', `${name} holds a header or name that HTTP cannot carry (${errno}).`, badRequest)
  }
  const connecting = phase === 'connecting'
  const remedy =
    typeof proxy?.status === 'number'
      ? proxyRemedy(proxy.status)
      : tlsRemedy(errno, connecting, proxy === null ? 'endpoint' : 'proxy')
  const unsent = connecting
  if (remedy !== null) return setupFailure(remedy, { unsent })
  if (proxy !== null) {
    const reason =
      proxy.status === null ? `No connection to the proxy (${errno})` : `The proxy answered ${proxy.status}`
    return new Failure('transient', `${reason} for ${name}.`, { unsent })
  }
  if (errno === 'TLS_TIMEOUT') {
    return new Failure('transient', `The TLS handshake stalled for ${name} (${errno}).`, { unsent })
  }
  if (connecting) return new Failure('transient', `No connection to OSS for ${name} (${errno}).`, { unsent })
  if (errno === 'HPE_HEADER_OVERFLOW' && call !== 'complete') {
    return new Failure('permanent', `The answer to ${name} has more headers than can be read (${errno}).`, badRequest)
  }
  const kind = call === 'complete' ? 'ambiguous' : 'transient'
  return new Failure(kind, `${name} broke off while ${phase} (${errno}).`)
}

/** Returns the failure of a success that lacks its proof. `lacking` continues the word "without". */
export const classifyUnproven = (call: OssCall, lacking: string, status: number, requestId: string | null): Failure =>
  new Failure(
    call === 'complete' ? 'ambiguous' : 'transient',
    `${whoAnswered(requestId)} answered ${callNames[call]} without ${lacking}.`,
    { status, requestId },
  )

/**
 * Returns the failure of a transfer where OSS's checksum of the bytes is not ours, because something between us changed
 * the bytes.
 */
export const classifyMismatch = (call: OssCall, requestId: string | null): Failure =>
  new Failure('integrity', `OSS received other bytes by ${callNames[call]} than were sent: its CRC-64 differs.`, {
    code: 'integrity',
    requestId,
  })
