/** This is what a text says about a region, and whether it asks for the endpoint inside Alibaba Cloud's network. */
export interface RegionText {
  readonly region: string
  readonly internal: boolean
}

/** A region id has two or more words: `cn-hangzhou`, `ap-southeast-1`, `cn-shanghai-finance-1`, `rg-china-mainland`. */
const regionId = /^[a-z]{2}(-[a-z0-9]+)+$/

/**
 * These names stand in endpoints of clouds for finance and are not the id of their region (help.aliyun.com, OSS
 * endpoints).
 */
const notAnId = /^cn-(hzfinance|szfinance|hzjbp)/

/**
 * Reads a region as people spell it: `cn-hangzhou`, `oss-cn-hangzhou`, `oss-cn-hangzhou-internal`, or the region's
 * endpoint. Returns null for a text that names no region.
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

/**
 * Returns the region of a public endpoint: plain, internal, or with IPv6. It is undefined for accelerated endpoints,
 * which serve all regions.
 */
export const regionOf = (endpoint: URL | undefined): string | undefined => {
  const host = endpoint?.hostname ?? ''
  if (!/^(oss-[a-z0-9-]+|[a-z0-9-]+\.oss)\.aliyuncs\.com$/.test(host)) return undefined
  return readRegion(host)?.region
}

/** Returns the public endpoint of a region, as OSS names it. */
export const endpointOf = ({ region, internal }: RegionText): URL =>
  new URL(`https://oss-${region}${internal ? '-internal' : ''}.aliyuncs.com`)

/**
 * Returns an endpoint as people spell it, as the text of a URL. Without a scheme it is https. A region in its place
 * means the region's endpoint. It is null for a name without dot, port and scheme that is no region, because only a
 * region looks like that, and such a host would be looked up forever.
 */
export const endpointText = (text: string): string | null => {
  if (text.includes('://')) return text
  const isBareName = /^[^.:/[\]]+\/?$/.test(text)
  if (!isBareName || text === 'localhost') return `https://${text}`
  const region = readRegion(text)
  return region === null ? null : endpointOf(region).href
}

/**
 * Returns what is wrong with an endpoint that has a bucket in front, as the end of a sentence that begins with its
 * name. It is null when there is none.
 */
export const bucketInEndpoint = ({ hostname }: URL): string | null => {
  const [, bucket, rest] = /^([a-z0-9-]+)\.(oss-[a-z0-9-]+\.aliyuncs\.com)$/.exec(hostname) ?? []
  return bucket === undefined
    ? null
    : `must not name the bucket ${bucket}: it is ${rest}, because each job names its bucket (or set OSS_ADDRESSING=cname)`
}
