/** What a text says of a region, and whether it asked for the endpoint inside Alibaba Cloud's network. */
export interface RegionText {
  readonly region: string
  readonly internal: boolean
}

/** Two or more words: `cn-hangzhou`, `ap-southeast-1`, `cn-shanghai-finance-1`, `rg-china-mainland`. */
const regionId = /^[a-z]{2}(-[a-z0-9]+)+$/

/** Names in endpoints of clouds for finance that are not the id of their region (help.aliyun.com, OSS endpoints). */
const notAnId = /^cn-(hzfinance|szfinance|hzjbp)/

/**
 * Reads a region as people spell it: `cn-hangzhou`, `oss-cn-hangzhou`, `oss-cn-hangzhou-internal`, or the region's endpoint.
 * Null for what names no region.
 */
export const readRegion = (text: string): RegionText | null => {
  const name = text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '')
    .replace(/(\.oss)?\.aliyuncs\.com$/, '')
    .replace(/^oss-/, '')
  const region = name.replace(/-(internal|pub)$/, '')
  return regionId.test(region) && !region.startsWith('accelerate') && !notAnId.test(region)
    ? { region, internal: name.endsWith('-internal') }
    : null
}

/** The region of a public endpoint: plain, internal, and with IPv6. Undefined for accelerated ones, which serve all regions. */
export const regionOf = (endpoint: URL | undefined): string | undefined => {
  const host = endpoint?.hostname ?? ''
  if (!/^(oss-[a-z0-9-]+|[a-z0-9-]+\.oss)\.aliyuncs\.com$/.test(host)) return undefined
  return readRegion(host)?.region
}

/** The public endpoint of a region, as OSS names it. */
export const endpointOf = ({ region, internal }: RegionText): URL =>
  new URL(`https://oss-${region}${internal ? '-internal' : ''}.aliyuncs.com`)

/**
 * An endpoint as people spell it, as the text of a URL: without a scheme it is https. A region in its place means the
 * region's endpoint. Null for a name without dot, port and scheme: nothing but a region looks like that, and as a host it
 * would be looked up for ever.
 */
export const endpointText = (text: string): string | null => {
  if (text.includes('://')) return text
  const isBareName = /^[^.:/[\]]+\/?$/.test(text)
  if (!isBareName || text === 'localhost') return `https://${text}`
  const region = readRegion(text)
  return region === null ? null : endpointOf(region).href
}

/** What is wrong with an endpoint that has a bucket in front, as a sentence that continues its name, or null. */
export const bucketInEndpoint = ({ hostname }: URL): string | null => {
  const [, bucket, rest] = /^([a-z0-9-]+)\.(oss-[a-z0-9-]+\.aliyuncs\.com)$/.exec(hostname) ?? []
  return bucket === undefined
    ? null
    : `must not name the bucket ${bucket}: it is ${rest}, because each job names its bucket (or set OSS_ADDRESSING=cname)`
}
