import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/config.js'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-config-')))
afterAll(() => rmSync(root, { recursive: true }))

const enough = {
  LONGSHORE_SOURCE_ROOTS: root,
  OSS_REGION: 'cn-hangzhou',
  OSS_ACCESS_KEY_ID: 'id',
  OSS_ACCESS_KEY_SECRET: 'canary-secret',
}
const offenders = (changes: Record<string, string | undefined>): readonly string[] => {
  try {
    loadConfig({ ...enough, ...changes })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.offenders
    throw error
  }
}

describe('settings as people spell them', () => {
  it.each(['"', "'", ' ', '\n', '\r\n', '\ufeff'])('are read without %j around each of them', (around) => {
    const wrapped = Object.fromEntries(Object.entries(enough).map(([name, text]) => [name, around + text + around]))
    const { oss, sourceRoots } = loadConfig({
      ...wrapped,
      OSS_ENDPOINT: `${around}oss-cn-hangzhou.aliyuncs.com${around}`,
    })
    expect(oss.keys).toMatchObject({ accessKeyId: 'id', accessKeySecret: 'canary-secret' })
    expect([oss.region, oss.endpoint.href]).toEqual(['cn-hangzhou', 'https://oss-cn-hangzhou.aliyuncs.com/'])
    expect(sourceRoots).toEqual([root])
  })

  it.each([
    ['oss-cn-hangzhou-internal', undefined, 'cn-hangzhou', 'https://oss-cn-hangzhou-internal.aliyuncs.com'],
    ['cn-beijing', 'oss-cn-beijing', 'cn-beijing', 'https://oss-cn-beijing.aliyuncs.com'],
    ['oss-cn-beijing', 'http://127.0.0.1:9000', 'cn-beijing', 'http://127.0.0.1:9000'],
    [undefined, 'oss-cn-beijing-internal', 'cn-beijing', 'https://oss-cn-beijing-internal.aliyuncs.com'],
    ['cn-beijing', 'oss-accelerate.aliyuncs.com', 'cn-beijing', 'https://oss-accelerate.aliyuncs.com'],
  ])('region %s and endpoint %s mean %s at %s', (region, endpoint, readRegion, origin) => {
    const { oss } = loadConfig({ ...enough, OSS_REGION: region, OSS_ENDPOINT: endpoint })
    expect([oss.region, oss.endpoint.origin]).toEqual([readRegion, origin])
  })

  it.each([
    ['a key of two lines', { OSS_ACCESS_KEY_SECRET: 'canary\nsecret' }, 'OSS_ACCESS_KEY_SECRET: must be one word'],
    ['a key id with a space', { OSS_ACCESS_KEY_ID: 'i d' }, 'OSS_ACCESS_KEY_ID: must be one word'],
    ['a token beyond ASCII', { OSS_SESSION_TOKEN: 'tökén' }, 'OSS_SESSION_TOKEN: must be one word'],
    ['a region that is none', { OSS_REGION: 'hangzhou' }, 'OSS_REGION: must be a region id'],
    ['an endpoint without a dot', { OSS_ENDPOINT: 'minio' }, 'OSS_ENDPOINT: must be a host like'],
    [
      'an endpoint of another region',
      { OSS_ENDPOINT: 'oss-cn-beijing.aliyuncs.com' },
      'OSS_REGION: is cn-hangzhou, but',
    ],
    ['an endpoint with a bucket', { OSS_ENDPOINT: 'b1.oss-cn-hangzhou.aliyuncs.com' }, 'OSS_ENDPOINT: must not name'],
  ])('are refused by name: %s', (_what, changes, problem) => {
    const told = offenders(changes)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(problem)
    expect(told[0]).not.toContain('canary')
  })
})

describe('variables that are no settings', () => {
  const warnings = (changes: Record<string, string>): readonly string[] =>
    loadConfig({ ...enough, ...changes }).warnings

  it.each([
    ['LONGSHORE_CONCURENCY', 'LONGSHORE_CONCURRENCY'],
    ['LONGSHORE_SOURCE_ROOT', 'LONGSHORE_SOURCE_ROOTS'],
    ['OSS_ACCESSKEY_ID', 'OSS_ACCESS_KEY_ID'],
    ['OSS_SECURITY_TOKEN', 'OSS_SESSION_TOKEN'],
  ])('%s is warned about with %s', (name, nearest) => {
    expect(warnings({ [name]: 'canary' })).toEqual([`${name} is not a setting and has no effect; is ${nearest} meant?`])
  })

  it('that resemble none are warned about with the way to see them all', () => {
    expect(warnings({ LONGSHORE_SOMETHING_ELSE_ALTOGETHER: '1' }).join()).toContain('serve --help lists them')
  })

  it.each([
    ...['LONGSHORE_SERVICE_HOST', 'LONGSHORE_SERVICE_PORT_HTTP', 'LONGSHORE_PORT', 'LONGSHORE_PORT_8484_TCP_ADDR'],
    ...['LONGSHORE_UPLOADS_SERVICE_PORT', 'OSS_PORT_9000_TCP', 'LONGSHORE_URL', 'PATH', 'NOT_LONGSHORE_X'],
  ])('%s is left in peace', (name) => {
    expect(warnings({ [name]: '1' })).toEqual([])
  })
})
