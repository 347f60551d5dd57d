import { describe, expect, it } from 'vitest'
import { readKeySettings } from '../../src/config/keys.js'

const read = (given: Record<string, string>) => {
  const problems: string[] = []
  const settings = readKeySettings(given, problems)
  return { settings, problems }
}

const own = { OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'canary-secret' }
const alibaba = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'other-id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'canary-other' }

describe('keys', () => {
  it('come from OSS_*, and then no token of the other family is mixed in', () => {
    const { settings, problems } = read({ ...own, ...alibaba, ALIBABA_CLOUD_SECURITY_TOKEN: 'foreign' })
    expect(settings).toEqual({
      kind: 'given',
      accessKeyId: 'id',
      accessKeySecret: 'canary-secret',
      securityToken: null,
    })
    expect(problems).toEqual([])
  })

  it('else come from ALIBABA_CLOUD_*, token and all', () => {
    expect(read({ ...alibaba, ALIBABA_CLOUD_SECURITY_TOKEN: 'token' })).toEqual({
      settings: { kind: 'given', accessKeyId: 'other-id', accessKeySecret: 'canary-other', securityToken: 'token' },
      problems: [],
    })
  })

  it('come from the file before ALIBABA_CLOUD_*', () => {
    expect(read({ ...alibaba, OSS_CREDENTIALS_FILE: '/keys.json' })).toEqual({
      settings: { kind: 'file', path: '/keys.json' },
      problems: [],
    })
  })

  it('else come from the chain, which is told what the environment names', () => {
    expect(read({}).settings).toEqual({ kind: 'chain', oidcTokenFile: null, ecsRole: null, credentialsUri: null })
    expect(
      read({
        ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/token',
        ALIBABA_CLOUD_ECS_METADATA: 'role',
        ALIBABA_CLOUD_CREDENTIALS_URI: 'http://127.0.0.1:1/keys',
      }),
    ).toEqual({
      settings: {
        kind: 'chain',
        oidcTokenFile: '/token',
        ecsRole: 'role',
        credentialsUri: 'http://127.0.0.1:1/keys',
      },
      problems: [],
    })
  })
})

describe('what is wrong', () => {
  it.each([
    ['only an id', { OSS_ACCESS_KEY_ID: 'canary' }, ['OSS_ACCESS_KEY_SECRET: is required with OSS_ACCESS_KEY_ID']],
    [
      'only a secret',
      { OSS_ACCESS_KEY_SECRET: 'canary' },
      ['OSS_ACCESS_KEY_ID: is required with OSS_ACCESS_KEY_SECRET'],
    ],
    [
      'only a token',
      { OSS_SESSION_TOKEN: 'canary', ...alibaba },
      [
        'OSS_ACCESS_KEY_ID: is required with OSS_SESSION_TOKEN',
        'OSS_ACCESS_KEY_SECRET: is required with OSS_SESSION_TOKEN',
      ],
    ],
    [
      'half of the other family',
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'canary' },
      ['ALIBABA_CLOUD_ACCESS_KEY_ID: is required with ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    ],
    [
      'keys beside a file',
      { ...own, OSS_CREDENTIALS_FILE: '/keys.json' },
      ['OSS_CREDENTIALS_FILE: cannot be set beside OSS_ACCESS_KEY_ID: keys come from one source'],
    ],
    ['a relative file', { OSS_CREDENTIALS_FILE: 'keys.json' }, ['OSS_CREDENTIALS_FILE: must be an absolute path']],
    [
      'an address that is none',
      { ALIBABA_CLOUD_CREDENTIALS_URI: 'file:///canary' },
      ['ALIBABA_CLOUD_CREDENTIALS_URI: must be an http or https URL'],
    ],
  ])('%s is said without a secret', (_, given, expected) => {
    const { problems } = read(given as Record<string, string>)
    expect(problems).toEqual(expected)
    expect(problems.join()).not.toContain('canary')
  })
})
