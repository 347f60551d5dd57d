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

/** An answer that is not the success its call hoped for. */
export interface BadAnswer {
  readonly call: OssCall
  readonly status: number
  /** OSS's own code and sentence, null where the answer held none. */
  readonly ossCode: string | null
  readonly ossMessage: string | null
  readonly requestId: string | null
  /** The host that the answer names as the right endpoint, or redirects to. */
  readonly elsewhere: string | null
  readonly retryAfterMs: number | null
  /** False when the body was cut, so a missing code means nothing. */
  readonly whole: boolean
  /** The request was signed with keys that expire. */
  readonly temporaryKeys: boolean
  /** A proxy passed it on, so it may be the proxy's own. */
  readonly forwarded: boolean
}

/** A request without a whole answer. */
export interface BrokenExchange {
  readonly call: OssCall
  /** As ExchangeError has it. */
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

/** OSS's code decides before the status does. Source: oss-facts, sections 2 and 3. */
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
/** Keys that expire may be unknown because they did; asking for new ones is worth a try. */
const curedByNewKeys: ReadonlySet<string> = new Set(['InvalidAccessKeyId', 'InvalidSecurityToken'])

const byStatus = (status: number): Verdict => {
  if (status === 429) return throttled
  // They say that the other side cannot do this at all, which no repetition changes.
  if (status === 501 || status === 505) return badRequest
  if (status >= 500 || status === 408 || status === 425) return transient
  if (status === 401 || status === 403) return accessDenied
  if (status >= 300) return badRequest
  // A success that does not show what it must: the effect is unknown, and repeating it is harmless or `ambiguous`.
  return transient
}

/** The request could not even be written down; it will not be next time. */
const unsendableErrnos: ReadonlySet<string> = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
])

/** What an operator has to mend is asked for again now and then, not fast: each time it would fail the same way. */
const setupRetryMs = 10_000

const setupFailure = (message: string, details: { readonly status?: number; readonly unsent?: boolean }): Failure =>
  new Failure('setup', message, { ...details, retryAfterMs: setupRetryMs })

/** Every answer of OSS has a request id, and 407 is no answer of a server at all. A bare 404 is judged elsewhere. */
const isProxysOwn = ({ status, ossCode, requestId, forwarded }: BadAnswer): boolean =>
  status === 407 || (forwarded && ossCode === null && requestId === null && status !== 404)

/** Every answer of OSS has a request id: one without came from a hop on the way, or from another server. */
const whoAnswered = (requestId: string | null): string => (requestId === null ? 'Something before OSS' : 'OSS')

/** Continues a sentence about an answer that sends us to another host. */
const direction = (status: number, elsewhere: string | null): string => {
  if (elsewhere === null) return ''
  return status >= 300 && status < 400 ? `; it redirects to ${elsewhere}` : `; the right endpoint is ${elsewhere}`
}

/** The meaning of an answer by OSS's code, else by its status. */
export const classifyAnswer = (answer: BadAnswer): Failure => {
  const { call, status, ossCode, ossMessage, requestId, retryAfterMs, elsewhere } = answer
  const own = isProxysOwn(answer)
  const remedy = own ? proxyRemedy(status) : null
  if (remedy !== null) return setupFailure(remedy, { status })
  const { kind, code } = verdictOf(answer)
  // The sentence goes on behind it.
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
  // OSS's way of saying so even where its document was cut off.
  if (status === 203 && requestId !== null && (call === 'put' || call === 'complete')) return callbackFailed
  // The code that would say what the refusal means was cut off.
  if (!whole && status < 500 && status >= 400) return transient
  // A 404 without a code speaks of the upload only when it is OSS's own: a proxy knows no uploads.
  if (status === 404 && requestId === null) return transient
  if (status === 404 && uploadCalls.has(call)) return lost
  return byStatus(status)
}

/** The meaning of a request that broke off, by what went wrong, how far it had come and who ended it. */
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

/** A success without what proves it: `lacking` continues "without". */
export const classifyUnproven = (call: OssCall, lacking: string, status: number, requestId: string | null): Failure =>
  new Failure(
    call === 'complete' ? 'ambiguous' : 'transient',
    `${whoAnswered(requestId)} answered ${callNames[call]} without ${lacking}.`,
    { status, requestId },
  )

/** OSS's checksum of the bytes is not ours: something between us changed them. */
export const classifyMismatch = (call: OssCall, requestId: string | null): Failure =>
  new Failure('integrity', `OSS received other bytes by ${callNames[call]} than were sent: its CRC-64 differs.`, {
    code: 'integrity',
    requestId,
  })
