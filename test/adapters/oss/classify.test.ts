import { describe, expect, it } from 'vitest'
import {
  type BadAnswer,
  type BrokenExchange,
  classifyAnswer,
  classifyBroken,
  type OssCall,
} from '../../../src/adapters/oss/api/classify.js'

const answer = (changes: Partial<BadAnswer>) =>
  classifyAnswer({
    call: 'part',
    status: 400,
    ossCode: null,
    ossMessage: null,
    requestId: 'REQ',
    elsewhere: null,
    retryAfterMs: null,
    whole: true,
    temporaryKeys: false,
    forwarded: false,
    ...changes,
  })

describe('the classifier of answers', () => {
  it.each<[number, string | null, string, string | null]>([
    [404, 'NoSuchBucket', 'permanent', 'no_such_bucket'],
    [403, 'AccessDenied', 'permanent', 'access_denied'],
    [403, 'SignatureDoesNotMatch', 'permanent', 'access_denied'],
    [403, 'InvalidAccessKeyId', 'permanent', 'access_denied'],
    [403, 'InvalidSecurityToken', 'permanent', 'access_denied'],
    [403, 'SecurityTokenExpired', 'credentials', 'access_denied'],
    [403, 'RequestTimeTooSkewed', 'clock', null],
    [404, 'NoSuchUpload', 'lost', null],
    [400, 'InvalidPart', 'conflict', null],
    [400, 'InvalidPartOrder', 'conflict', null],
    [400, 'PartNotSequential', 'conflict', null],
    [409, 'PartAlreadyExist', 'conflict', null],
    [409, 'FileAlreadyExists', 'conflict', null],
    [400, 'InvalidDigest', 'integrity', 'integrity'],
    [400, 'RequestTimeout', 'transient', null],
    [400, 'IncompleteBody', 'transient', null],
    [500, 'InternalError', 'transient', null],
    [503, 'ServiceUnavailable', 'transient', null],
    [503, 'UploadTrafficRateLimitExceeded', 'throttled', null],
    [503, 'TotalQpsLimitExceeded', 'throttled', null],
    [503, 'SlowDown', 'throttled', null],
    [429, null, 'throttled', null],
    [408, null, 'transient', null],
    [502, null, 'transient', null],
    [501, 'NotImplemented', 'permanent', 'bad_request'],
    [501, null, 'permanent', 'bad_request'],
    [505, null, 'permanent', 'bad_request'],
    [403, null, 'permanent', 'access_denied'],
    [401, null, 'permanent', 'access_denied'],
    [404, null, 'lost', null],
    [400, 'EntityTooSmall', 'permanent', 'bad_request'],
    [400, 'InvalidArgument', 'permanent', 'bad_request'],
    [405, null, 'permanent', 'bad_request'],
    [409, 'FileImmutable', 'permanent', 'bad_request'],
    [307, 'TemporaryRedirect', 'permanent', 'bad_request'],
    [301, null, 'permanent', 'bad_request'],
    [203, 'CallbackFailed', 'permanent', 'callback_failed'],
  ])('makes of %i %s: %s %s', (status, ossCode, kind, code) => {
    expect(answer({ status, ossCode })).toMatchObject({ kind, code, status, ossCode, requestId: 'REQ' })
  })

  it.each(['InvalidAccessKeyId', 'InvalidSecurityToken'])(
    'hopes for new keys after %s of temporary ones',
    (ossCode) => {
      expect(answer({ status: 403, ossCode, temporaryKeys: true }).kind).toBe('credentials')
    },
  )

  it('never hopes for new keys after AccessDenied', () => {
    expect(answer({ status: 403, ossCode: 'AccessDenied', temporaryKeys: true }).kind).toBe('permanent')
  })

  it.each([500, 502, 503, 504, 408])('does not know what became of a Complete answered with %i', (status) => {
    expect(answer({ call: 'complete', status }).kind).toBe('ambiguous')
  })

  it('knows that a throttled Complete was refused', () => {
    expect(answer({ call: 'complete', status: 503, ossCode: 'SlowDown', retryAfterMs: 2000 })).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 2000,
    })
  })

  it('counts a 503 that names a time as throttling, and keeps the time', () => {
    expect(answer({ status: 503, retryAfterMs: 1500 })).toMatchObject({ kind: 'throttled', retryAfterMs: 1500 })
  })

  it('does not take a 404 of something that is not OSS for a lost upload', () => {
    expect(answer({ status: 404, requestId: null }).kind).toBe('transient')
  })

  it.each<[OssCall, string]>([
    ['part', 'lost'],
    ['list', 'lost'],
    ['complete', 'lost'],
    ['abort', 'lost'],
    ['initiate', 'permanent'],
    ['put', 'permanent'],
  ])('takes a bare 404 of OSS to %s as %s', (call, kind) => {
    expect(answer({ call, status: 404 }).kind).toBe(kind)
  })

  it('does not judge a refusal whose code was cut off', () => {
    expect(answer({ status: 403, whole: false }).kind).toBe('transient')
  })
})

describe('the classifier of answers that came through a proxy', () => {
  it.each([
    ['part', 407, 'setup', 'user name and password'],
    ['complete', 407, 'setup', 'user name and password'],
    ['part', 403, 'setup', 'NO_PROXY'],
    ['part', 502, 'transient', 'The proxy answered UploadPart with 502'],
    ['complete', 502, 'ambiguous', 'The proxy answered CompleteMultipartUpload with 502'],
    ['initiate', 301, 'permanent', 'The proxy answered'],
  ] as const)("makes of the proxy's own answer to %s, %i: %s", (call, status, kind, sentence) => {
    const failure = answer({ call, status, forwarded: true, requestId: null })
    expect(failure).toMatchObject({ kind, status })
    expect(failure.message).toContain(sentence)
  })

  it('does not put down to the proxy what OSS says', () => {
    expect(answer({ status: 403, forwarded: true })).toMatchObject({ kind: 'permanent', code: 'access_denied' })
    expect(answer({ status: 403, ossCode: 'AccessDenied', requestId: null, forwarded: true }).kind).toBe('permanent')
    expect(answer({ status: 502, forwarded: true }).message).toMatch(/^OSS answered/)
  })

  it('does not suspect a proxy where there is none', () => {
    expect(answer({ status: 403, requestId: null }).kind).toBe('permanent')
    expect(answer({ status: 407, requestId: null }).kind).toBe('setup')
  })
})

describe('the classifier of broken exchanges', () => {
  const broken = (exchange: Omit<BrokenExchange, 'proxy'> & Partial<BrokenExchange>) =>
    classifyBroken({ proxy: null, ...exchange })
  const calls: OssCall[] = ['initiate', 'part', 'put', 'list', 'complete', 'abort', 'head']

  it.each(calls)('knows that %s had no effect when there was no connection', (call) => {
    for (const errno of ['ECONNREFUSED', 'ENOTFOUND', 'CONNECT_TIMEOUT', 'ECONNRESET', 'EMFILE']) {
      expect(broken({ call, errno, phase: 'connecting' }).kind).toBe('transient')
    }
  })

  it.each(calls)('knows what a %s that broke off later can have done', (call) => {
    for (const phase of ['sending', 'waiting', 'answering'] as const) {
      const { kind } = broken({ call, errno: 'ECONNRESET', phase })
      expect(kind).toBe(call === 'complete' ? 'ambiguous' : 'transient')
    }
  })

  it.each([
    ['CERT_HAS_EXPIRED', 'has expired', 'clock'],
    ['CERT_NOT_YET_VALID', 'is not valid yet', 'clock'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'is self-signed', 'LONGSHORE_CA_FILE'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'authority', 'LONGSHORE_CA_FILE'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'authority', 'LONGSHORE_CA_FILE'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'authority', 'LONGSHORE_CA_FILE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another name', 'OSS_ADDRESSING'],
    ['CERT_REVOKED', 'is not acceptable', 'replaced'],
    ['EPROTO', 'does not speak TLS', 'OSS_ENDPOINT'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS', 'OSS_ENDPOINT'],
  ])('says of %s that it "%s" and names the remedy (%s), to be tried again but not fast', (errno, what, remedy) => {
    const failure = broken({ call: 'put', errno, phase: 'connecting' })
    expect(failure).toMatchObject({ kind: 'setup', code: null, retryAfterMs: 10_000 })
    expect(failure.message).toMatch(/^The endpoint/)
    for (const part of [what, errno, remedy]) expect(failure.message).toContain(part)
  })

  it('says whether it is the TLS of the proxy', () => {
    const at = { call: 'put', phase: 'connecting', proxy: { status: null } } as const
    expect(broken({ ...at, errno: 'CERT_HAS_EXPIRED' }).message).toMatch(/^The proxy's TLS certificate has expired/)
    expect(broken({ ...at, errno: 'ERR_TLS_CERT_ALTNAME_INVALID' }).message).toContain('HTTPS_PROXY')
    expect(broken({ ...at, errno: 'EPROTO' }).message).toMatch(/^The proxy does not speak TLS/)
  })

  it('takes a TLS alert in the middle of a body, and a handshake that stalls, as network faults', () => {
    expect(broken({ call: 'part', errno: 'EPROTO', phase: 'sending' }).kind).toBe('transient')
    const stalled = broken({ call: 'complete', errno: 'TLS_TIMEOUT', phase: 'connecting' })
    expect(stalled.kind).toBe('transient')
    expect(stalled.message).toContain('TLS handshake stalled')
  })

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'CONNECT_TIMEOUT'])('tells a proxy that is away (%s) from OSS', (errno) => {
    const failure = broken({ call: 'complete', errno, phase: 'connecting', proxy: { status: null } })
    expect(failure.kind).toBe('transient')
    expect(failure.message).toContain(`No connection to the proxy (${errno})`)
  })

  it.each([
    [407, 'setup', 'user name and password'],
    [403, 'setup', 'NO_PROXY'],
    [405, 'setup', 'NO_PROXY'],
    [502, 'transient', 'The proxy answered 502'],
    [504, 'transient', 'The proxy answered 504'],
    [429, 'transient', 'The proxy answered 429'],
  ])('makes of a proxy that answers CONNECT with %i: %s', (status, kind, sentence) => {
    const refused = { errno: 'PROXY_REFUSED', phase: 'connecting', proxy: { status } } as const
    const failure = broken({ call: 'complete', ...refused })
    expect(failure.kind).toBe(kind)
    expect(failure.message).toContain(sentence)
  })

  it('gives up on a request that HTTP cannot carry', () => {
    expect(broken({ call: 'put', errno: 'ERR_INVALID_CHAR', phase: 'connecting' }).kind).toBe('permanent')
  })
})
