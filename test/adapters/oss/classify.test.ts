import { describe, expect, it } from 'vitest'
import { type BadAnswer, classifyAnswer, classifyBroken, type OssCall } from '../../../src/adapters/oss/classify.js'

const answer = (changes: Partial<BadAnswer>) =>
  classifyAnswer({
    call: 'part',
    status: 400,
    ossCode: null,
    ossMessage: null,
    requestId: 'REQ',
    retryAfterMs: null,
    whole: true,
    temporaryKeys: false,
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
    [403, null, 'permanent', 'access_denied'],
    [401, null, 'permanent', 'access_denied'],
    [404, null, 'lost', null],
    [400, 'EntityTooSmall', 'permanent', 'bad_request'],
    [400, 'InvalidArgument', 'permanent', 'bad_request'],
    [405, null, 'permanent', 'bad_request'],
    [409, 'FileImmutable', 'permanent', 'bad_request'],
    [307, 'TemporaryRedirect', 'permanent', 'bad_request'],
    [301, null, 'permanent', 'bad_request'],
    [203, 'CallbackFailed', 'transient', null],
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

describe('the classifier of broken exchanges', () => {
  const calls: OssCall[] = ['initiate', 'part', 'put', 'list', 'complete', 'abort', 'head']

  it.each(calls)('knows that %s had no effect when there was no connection', (call) => {
    for (const errno of ['ECONNREFUSED', 'ENOTFOUND', 'CONNECT_TIMEOUT', 'ECONNRESET', 'EMFILE']) {
      expect(classifyBroken({ call, errno, phase: 'connecting' }).kind).toBe('transient')
    }
  })

  it.each(calls)('knows what a %s that broke off later can have done', (call) => {
    for (const phase of ['sending', 'waiting', 'answering'] as const) {
      const { kind } = classifyBroken({ call, errno: 'ECONNRESET', phase })
      expect(kind).toBe(call === 'complete' ? 'ambiguous' : 'transient')
    }
  })

  it.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED'])(
    'says in a sentence that the certificate is the matter (%s)',
    (errno) => {
      const failure = classifyBroken({ call: 'put', errno, phase: 'connecting' })
      expect(failure).toMatchObject({ kind: 'permanent', code: 'bad_request' })
      expect(failure.message).toContain('TLS certificate is not accepted')
    },
  )

  it('takes a TLS alert in the middle of a body as a network fault', () => {
    expect(classifyBroken({ call: 'part', errno: 'EPROTO', phase: 'sending' }).kind).toBe('transient')
    expect(classifyBroken({ call: 'part', errno: 'EPROTO', phase: 'connecting' }).kind).toBe('permanent')
  })

  it('gives up on a request that HTTP cannot carry', () => {
    expect(classifyBroken({ call: 'put', errno: 'ERR_INVALID_CHAR', phase: 'connecting' }).kind).toBe('permanent')
  })
})
