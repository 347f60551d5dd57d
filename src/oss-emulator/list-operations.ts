import { type Call, type Operation, requireBucket } from './operation.js'
import { invalidArgument } from './oss-error.js'
import { type Page, readEncoding, readNumber, takePage } from './page.js'
import { compareKeys } from './stored.js'
import { type XmlElement, xmlInstant } from './xml.js'

const owner: XmlElement = [
  'Owner',
  [
    ['ID', 'longshore'],
    ['DisplayName', 'longshore'],
  ],
]

const listKeys = (call: Call, marker: string, max: number): Page<string> => {
  const bucket = requireBucket(call)
  return takePage({
    items: bucket.keys(),
    nameOf: (key) => key,
    prefix: call.query.get('prefix') ?? '',
    delimiter: call.query.get('delimiter') ?? '',
    isAfter: (key) => compareKeys(key, marker) > 0,
    // A marker below a common prefix means that the prefix was on an earlier page.
    isPrefixAfter: (prefix) => compareKeys(prefix, marker) > 0 && !(marker !== '' && marker.startsWith(prefix)),
    max,
  })
}

const lastName = (page: Page<string>): string =>
  page.last === null ? '' : 'item' in page.last ? page.last.item : page.last.prefix

const contents = (call: Call, keys: readonly string[], encode: (name: string) => string, withOwner: boolean) =>
  keys.flatMap((key): XmlElement[] => {
    const object = requireBucket(call).object(key)
    if (object === undefined) return []
    return [
      [
        'Contents',
        [
          ['Key', encode(key)],
          ['LastModified', xmlInstant(object.modifiedAt)],
          ['ETag', `"${object.etag}"`],
          ['Type', object.type],
          ['Size', object.size],
          ['StorageClass', object.storageClass],
          withOwner ? owner : undefined,
        ],
      ],
    ]
  })

const prefixes = (page: Page<unknown>, encode: (name: string) => string): readonly XmlElement[] =>
  page.commonPrefixes.map((prefix) => ['CommonPrefixes', [['Prefix', encode(prefix)]]])

const encodingElement = (call: Call): XmlElement | undefined =>
  call.query.has('encoding-type') ? ['EncodingType', 'url'] : undefined

export const listObjects: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const encode = readEncoding(call.query)
    const marker = call.query.get('marker') ?? ''
    const max = readNumber(call.query, 'max-keys', 1, 1000, 100)
    const page = listKeys(call, marker, max)
    return {
      status: 200,
      xml: [
        'ListBucketResult',
        [
          ['Name', call.bucket],
          ['Prefix', encode(call.query.get('prefix') ?? '')],
          ['Marker', encode(marker)],
          ['MaxKeys', max],
          ['Delimiter', encode(call.query.get('delimiter') ?? '')],
          encodingElement(call),
          ['IsTruncated', page.isTruncated],
          page.isTruncated ? ['NextMarker', encode(lastName(page))] : undefined,
          ...contents(call, page.items, encode, true),
          ...prefixes(page, encode),
        ],
      ],
    }
  },
}

/** Tokens are opaque to clients. The name inside is encoded so that any name survives any XML. */
const toToken = (name: string): string => Buffer.from(name, 'utf8').toString('base64url')
const fromToken = (token: string): string => {
  const name = Buffer.from(token, 'base64url').toString('utf8')
  if (token === '' || toToken(name) !== token) {
    throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect.')
  }
  return name
}

export const listObjectsV2: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const { query } = call
    if (query.get('list-type') !== '2') {
      throw invalidArgument('list-type', query.get('list-type') ?? '', 'Invalid list-type specified in Request.')
    }
    const encode = readEncoding(query)
    const max = readNumber(query, 'max-keys', 1, 1000, 100)
    // An empty token asks for the first page, because Alibaba's Python SDK always sends one.
    const token = query.get('continuation-token') || null
    const startAfter = query.get('start-after') ?? ''
    const page = listKeys(call, token === null ? startAfter : fromToken(token), max)
    return {
      status: 200,
      xml: [
        'ListBucketResult',
        [
          ['Name', call.bucket],
          ['Prefix', encode(query.get('prefix') ?? '')],
          startAfter === '' ? undefined : ['StartAfter', encode(startAfter)],
          ['MaxKeys', max],
          ['Delimiter', encode(query.get('delimiter') ?? '')],
          encodingElement(call),
          ['IsTruncated', page.isTruncated],
          token === null ? undefined : ['ContinuationToken', token],
          page.isTruncated ? ['NextContinuationToken', toToken(lastName(page))] : undefined,
          ...contents(call, page.items, encode, query.get('fetch-owner') === 'true'),
          ...prefixes(page, encode),
          ['KeyCount', page.items.length + page.commonPrefixes.length],
        ],
      ],
    }
  },
}

export const listMultipartUploads: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const { query } = call
    const encode = readEncoding(query)
    const max = readNumber(query, 'max-uploads', 1, 1000, 1000)
    const keyMarker = query.get('key-marker') ?? ''
    // Without a key marker OSS ignores this marker.
    const idMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '')
    const page = takePage({
      items: requireBucket(call).uploads(),
      nameOf: ({ key }) => key,
      prefix: query.get('prefix') ?? '',
      delimiter: query.get('delimiter') ?? '',
      isAfter: ({ key, uploadId }) => {
        const order = compareKeys(key, keyMarker)
        return order > 0 || (order === 0 && idMarker !== '' && compareKeys(uploadId, idMarker) > 0)
      },
      isPrefixAfter: (prefix) => compareKeys(prefix, keyMarker) > 0,
      max,
    })
    const { last } = page
    const next = last === null ? ['', ''] : 'item' in last ? [last.item.key, last.item.uploadId] : [last.prefix, '']
    return {
      status: 200,
      xml: [
        'ListMultipartUploadsResult',
        [
          encodingElement(call),
          ['Bucket', call.bucket],
          ['KeyMarker', encode(keyMarker)],
          ['UploadIdMarker', idMarker],
          ['NextKeyMarker', page.isTruncated ? encode(next[0] ?? '') : ''],
          ['NextUploadIdMarker', page.isTruncated ? (next[1] ?? '') : ''],
          ['Delimiter', encode(query.get('delimiter') ?? '')],
          ['Prefix', encode(query.get('prefix') ?? '')],
          ['MaxUploads', max],
          ['IsTruncated', page.isTruncated],
          ...page.items.map(({ key, uploadId, storageClass, initiatedAt }): XmlElement => {
            return [
              'Upload',
              [
                ['Key', encode(key)],
                ['UploadId', uploadId],
                ['StorageClass', storageClass],
                ['Initiated', xmlInstant(initiatedAt)],
              ],
            ]
          }),
          ...prefixes(page, encode),
        ],
      ],
    }
  },
}
