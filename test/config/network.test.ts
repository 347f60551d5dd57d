import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Config, ConfigError, loadConfig } from '../../src/config/config.js'
import { createAuthority } from '../adapters/oss/certificates.js'

const directory = mkdtempSync(join(tmpdir(), 'longshore-settings-'))
afterAll(() => rmSync(directory, { recursive: true }))

const load = (settings: Record<string, string>): Config =>
  loadConfig({
    LONGSHORE_SOURCE_ROOTS: directory,
    LONGSHORE_DATA_DIR: join(directory, 'data'),
    OSS_REGION: 'cn-hangzhou',
    OSS_ACCESS_KEY_ID: 'id',
    OSS_ACCESS_KEY_SECRET: 'secret',
    ...settings,
  })

const problemOf = (settings: Record<string, string>): string => {
  try {
    load(settings)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('the settings are right')
}

const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

describe('the settings of proxies', () => {
  it('are absent by default', () => {
    expect(load({}).oss.network).toEqual({ httpProxy: null, httpsProxy: null, noProxy: [], ca: null })
  })

  it('are read in either case, and lower case wins', () => {
    const { network } = load({
      HTTPS_PROXY: 'http://upper:1',
      https_proxy: 'http://lower:1',
      HTTP_PROXY: 'http://only-upper:2',
      no_proxy: 'a.example, .b.example  10.0.0.0/8,',
    }).oss
    expect(network.httpsProxy?.host).toBe('lower:1')
    expect(network.httpProxy?.host).toBe('only-upper:2')
    expect(network.noProxy).toEqual(['a.example', '.b.example', '10.0.0.0/8'])
  })

  it('take a proxy without a scheme for one that speaks http, and an empty variable for none', () => {
    const { network } = load({ HTTPS_PROXY: 'proxy.example:3128', HTTP_PROXY: '' }).oss
    expect(network.httpsProxy?.href).toBe('http://proxy.example:3128/')
    expect(network.httpProxy).toBeNull()
  })

  it.each([
    'socks5://canary@proxy.example',
    'http://',
    'http://user:canary%zz@proxy.example',
    'http://proxy.example:port-canary',
    'ftp://user:canary@proxy',
  ])('refuse %s without repeating it', (url) => {
    for (const name of ['HTTPS_PROXY', 'http_proxy']) {
      const problem = problemOf({ [name]: url })
      expect(problem).toContain(`${name.toUpperCase()}: must be a URL like`)
      expect(problem).not.toContain('canary')
    }
  })
})

describe('LONGSHORE_CA_FILE', () => {
  const { cert } = createAuthority()

  it('is read at the start, with several certificates and words between', () => {
    const text = `ours:\n${cert}\ntheirs:\n${createAuthority().cert}`
    expect(load({ LONGSHORE_CA_FILE: file('good.pem', text) }).oss.network.ca).toBe(text)
  })

  it.each<[string, () => string, string]>([
    ['absent', () => join(directory, 'absent.pem'), 'cannot be read: ENOENT'],
    ['a directory', () => directory, 'cannot be read: EISDIR'],
    ['empty', () => file('empty.pem', ''), 'holds no certificate in PEM'],
    ['not PEM', () => file('key.pem', '-----BEGIN PRIVATE KEY-----\ncanary\n'), 'holds no certificate in PEM'],
    [
      'broken in the second certificate',
      () => file('broken.pem', `${cert}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
      'holds a certificate that cannot be read (number 2)',
    ],
  ])('is named when it is %s', (_what, path, sentence) => {
    const problem = problemOf({ LONGSHORE_CA_FILE: path() })
    expect(problem).toContain(`LONGSHORE_CA_FILE: ${path()} ${sentence}`)
    expect(problem).not.toContain('canary')
  })
})

describe('the region of an endpoint', () => {
  it.each([
    ['oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou'],
    ['oss-cn-hangzhou-internal.aliyuncs.com', 'cn-hangzhou'],
    ['https://oss-us-west-1.aliyuncs.com', 'us-west-1'],
    ['cn-hangzhou.oss.aliyuncs.com', 'cn-hangzhou'],
  ])('%s is %s', (endpoint, region) => {
    expect(load({ OSS_ENDPOINT: endpoint, OSS_REGION: '' }).oss.region).toBe(region)
  })

  it.each(['oss-accelerate.aliyuncs.com', 'oss-accelerate-overseas.aliyuncs.com', 'files.example.com', 'http://[::1]'])(
    '%s does not tell, so OSS_REGION is asked for, unless signatures need none',
    (endpoint) => {
      expect(problemOf({ OSS_ENDPOINT: endpoint, OSS_REGION: '' })).toContain('OSS_REGION: is required')
      expect(load({ OSS_ENDPOINT: endpoint }).oss.region).toBe('cn-hangzhou')
      expect(load({ OSS_ENDPOINT: endpoint, OSS_REGION: '', OSS_SIGNATURE: 'v1' }).oss.endpoint.host).not.toBe('')
    },
  )

  it.each(['http://user:canary@oss.example', 'oss.example/prefix', 'fe80::1', 'ftp://oss.example'])(
    'does not matter when the endpoint itself is wrong (%s)',
    (endpoint) => {
      const problem = problemOf({ OSS_ENDPOINT: endpoint })
      expect(problem).toContain('OSS_ENDPOINT: must')
      expect(problem).not.toContain('canary')
    },
  )
})

describe('an endpoint that speaks plain http', () => {
  it.each([
    ['http://oss.example', 1],
    ['http://10.0.0.1', 1],
    ['https://oss.example', 0],
    ['http://[::1]:9000', 0],
    ['http://127.0.0.1', 0],
    ['http://oss.localhost:9000', 0],
  ])('is warned about when bytes leave this machine: %s', (endpoint, warnings) => {
    expect(load({ OSS_ENDPOINT: endpoint }).warnings).toHaveLength(warnings)
  })
})
