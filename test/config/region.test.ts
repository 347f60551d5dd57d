import { describe, expect, it } from 'vitest'
import { bucketInEndpoint, endpointOf, endpointText, readRegion, regionOf } from '../../src/config/region.js'

/** These are ids of public regions, as Alibaba Cloud lists them. */
const publicRegions = [
  ...[
    'cn-hangzhou',
    'cn-shanghai',
    'cn-nanjing',
    'cn-fuzhou',
    'cn-wuhan-lr',
    'cn-qingdao',
    'cn-beijing',
    'cn-zhangjiakou',
  ],
  ...['cn-huhehaote', 'cn-wulanchabu', 'cn-shenzhen', 'cn-heyuan', 'cn-guangzhou', 'cn-chengdu', 'cn-hongkong'],
  ...[
    'us-west-1',
    'us-east-1',
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-southeast-1',
    'ap-southeast-3',
    'ap-southeast-5',
  ],
  ...['ap-southeast-6', 'ap-southeast-7', 'eu-central-1', 'eu-west-1', 'me-east-1', 'me-central-1', 'na-south-1'],
  ...[
    'cn-shanghai-finance-1',
    'cn-shenzhen-finance-1',
    'cn-beijing-finance-1',
    'cn-north-2-gov-1',
    'rg-china-mainland',
  ],
]

describe('a region', () => {
  it.each(publicRegions)('%s is understood in every spelling', (region) => {
    const spellings = [region, `oss-${region}`, `oss-${region}.aliyuncs.com`, `https://oss-${region}.aliyuncs.com/`]
    for (const text of [...spellings, region.toUpperCase()]) {
      expect(readRegion(text), text).toEqual({ region, internal: false })
    }
    for (const text of [`${region}-internal`, `oss-${region}-internal`, `oss-${region}-internal.aliyuncs.com`]) {
      expect(readRegion(text), text).toEqual({ region, internal: true })
    }
    for (const host of [`oss-${region}`, `oss-${region}-internal`, `${region}.oss`, `${region}-internal.oss`]) {
      expect(regionOf(new URL(`https://${host}.aliyuncs.com`)), host).toBe(region)
    }
    expect(endpointOf({ region, internal: false }).host).toBe(`oss-${region}.aliyuncs.com`)
    expect(endpointOf({ region, internal: true }).host).toBe(`oss-${region}-internal.aliyuncs.com`)
  })

  it.each(['', 'hangzhou', 'cn_hangzhou', 'cn-hangzhou.example', 'cn hangzhou', 'accelerate', 'accelerate-overseas'])(
    'is not %j',
    (text) => {
      expect(readRegion(text)).toBeNull()
    },
  )

  it.each([
    'https://oss-accelerate.aliyuncs.com',
    'https://oss-accelerate-overseas.aliyuncs.com',
    'https://oss-cn-hzfinance.aliyuncs.com',
    'https://oss-cn-szfinance-internal.aliyuncs.com',
    'https://storage.example.com',
    'http://127.0.0.1:9000',
  ])('is not told by %s', (endpoint) => {
    expect(regionOf(new URL(endpoint))).toBeUndefined()
  })
})

describe('an endpoint', () => {
  it.each([
    ['oss-cn-beijing.aliyuncs.com', 'https://oss-cn-beijing.aliyuncs.com'],
    ['http://oss-dev:9000', 'http://oss-dev:9000'],
    ['http://minio', 'http://minio'],
    ['minio:9000', 'https://minio:9000'],
    ['localhost', 'https://localhost'],
    ['[::1]:9000', 'https://[::1]:9000'],
    ['oss-cn-beijing', 'https://oss-cn-beijing.aliyuncs.com/'],
    ['cn-beijing-internal', 'https://oss-cn-beijing-internal.aliyuncs.com/'],
    ['oss-cn-beijing/', 'https://oss-cn-beijing.aliyuncs.com/'],
    ['minio', null],
    ['aliyuncs', null],
  ])('%s is understood as %s', (text, url) => {
    expect(endpointText(text)).toBe(url)
  })

  it('must not have a bucket in front', () => {
    expect(bucketInEndpoint(new URL('https://media.oss-cn-beijing.aliyuncs.com'))).toContain('the bucket media')
    expect(bucketInEndpoint(new URL('https://oss-cn-beijing.aliyuncs.com'))).toBeNull()
    expect(bucketInEndpoint(new URL('https://cn-beijing.oss.aliyuncs.com'))).toBeNull()
    expect(bucketInEndpoint(new URL('https://media.example.com'))).toBeNull()
  })
})
