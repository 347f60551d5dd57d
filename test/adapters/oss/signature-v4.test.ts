import OSS from 'ali-oss'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAuthorizationV4 } from '../../../src/adapters/oss/api/signature-v4.js'

/** The part of ali-oss that is compared here. */
interface Reference {
  readonly options: { accessKeyId: string; accessKeySecret: string }
  authorizationV4(method: string, request: object, bucket: string, key: string): string
}

const setup = (region: string) => {
  const reference = new OSS({
    accessKeyId: 'id',
    accessKeySecret: 'secret',
    region,
    authorizationV4: true,
  } as OSS.Options) as unknown as Reference
  return { reference, authorize: createAuthorizationV4(region) }
}

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((one) => !/\p{Surrogate}/u.test(one))
const key = text.filter((one) => one !== '')
const headerValue = fc.stringMatching(/^[ -~]{0,30}$/)
const headerName = fc.constantFrom(
  'content-type',
  'content-md5',
  'cache-control',
  'x-oss-meta-a',
  'x-oss-tagging',
  'host',
)
const date = fc.stringMatching(/^20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|2[0-8])T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z$/)

describe('the signature V4 of our own', () => {
  it('is byte for byte what ali-oss gives, whatever the names, headers, dates and keys are', () => {
    for (const region of ['oss-cn-hangzhou', 'cn-shanghai']) {
      const { reference, authorize } = setup(region)
      fc.assert(
        fc.property(
          key,
          fc.option(fc.record({ partNumber: fc.nat({ max: 10_000 }).map(String), uploadId: text }), { nil: {} }),
          fc.dictionary(headerName, headerValue),
          date,
          fc.string({ minLength: 1, maxLength: 30 }),
          fc.string({ minLength: 1, maxLength: 30 }),
          (name, query, given, at, accessKeyId, accessKeySecret) => {
            const headers = { ...given, 'x-oss-date': at, 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD' }
            Object.assign(reference.options, { accessKeyId, accessKeySecret })
            const queries = query as Record<string, string>
            expect(
              authorize({ bucket: 'bucket-a', key: name }, queries, headers, { accessKeyId, accessKeySecret }),
            ).toBe(reference.authorizationV4('PUT', { headers, queries }, 'bucket-a', name))
          },
        ),
        { numRuns: 500 },
      )
    }
  })

  it('follows new keys and a new day', () => {
    const { authorize } = setup('cn-hangzhou')
    const sign = (day: string, accessKeySecret: string): string =>
      authorize(
        { bucket: 'b', key: 'k' },
        {},
        { 'x-oss-date': `${day}T000000Z` },
        { accessKeyId: 'id', accessKeySecret },
      )
    const signatures = [
      sign('20260101', 'one'),
      sign('20260102', 'one'),
      sign('20260102', 'two'),
      sign('20260101', 'one'),
    ]
    expect(new Set(signatures).size).toBe(3)
    expect(signatures[3]).toBe(signatures[0])
  })
})
