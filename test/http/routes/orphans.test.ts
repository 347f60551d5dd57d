import { describe, expect, it } from 'vitest'
import { abortAnswersSchema, orphanPageSchema } from '../../../src/http/shapes/orphans.js'
import { createHarness, fixedTokens, orphanView, tokenOf } from '../harness.js'

const upload = { bucket: 'media', key: 'dir/a.bin', uploadId: 'U1' }

describe('GET /v1/orphans', () => {
  it('asks for the bucket and page that are wanted', async () => {
    const { app, orphans } = await createHarness()
    // This cursor is as long as the longest key makes it.
    const cursor = 'x'.repeat(1900)
    const answer = await app.inject(`/v1/orphans?bucket=media&limit=5&cursor=${cursor}`)
    expect(answer.statusCode).toBe(200)
    expect(orphanPageSchema.strict().parse(answer.json())).toEqual({ items: [orphanView], nextCursor: null })
    await app.inject('/v1/orphans')
    await app.inject('/v1/orphans?payer=requester')
    expect(orphans.calls).toEqual([
      ['media', { limit: 5, cursor }, undefined],
      [null, { limit: 100, cursor: null }, undefined],
      [null, { limit: 100, cursor: null }, 'requester'],
    ])
  })

  it.each(['bucket=No_Bucket', 'bucket=../x', 'limit=0', 'other=1'])('refuses ?%s', async (query) => {
    const { app, orphans } = await createHarness()
    expect((await app.inject(`/v1/orphans?${query}`)).json()).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(orphans.calls).toEqual([])
  })
})

describe('POST /v1/orphans/abort', () => {
  const post = async (payload: object) => {
    const { app, orphans } = await createHarness()
    const answer = await app.inject({ method: 'POST', url: '/v1/orphans/abort', payload })
    return { answer, orphans }
  }

  it('answers for each upload; force must be asked for', async () => {
    const { answer, orphans } = await post({ uploads: [upload] })
    expect(answer.statusCode).toBe(200)
    expect(abortAnswersSchema.strict().parse(answer.json()).items).toEqual([
      { ...upload, result: 'aborted', reason: null },
    ])
    expect(orphans.calls).toEqual([[[upload], false]])
    expect((await post({ uploads: [upload], force: true })).orphans.calls).toEqual([[[upload], true]])
  })

  it('takes keys that no job could have, for others made them', async () => {
    const odd = { ...upload, key: '/a//../b/' }
    expect((await post({ uploads: [odd] })).orphans.calls).toEqual([[[odd], false]])
  })

  it.each([
    [{}],
    [{ uploads: [] }],
    [{ uploads: Array.from({ length: 101 }, () => upload) }],
    [{ uploads: [{ ...upload, uploadId: '' }] }],
    [{ uploads: [{ ...upload, bucket: 'a/b' }] }],
    [{ uploads: [{ ...upload, other: 1 }] }],
    [{ uploads: [upload], force: 'yes' }],
    [{ uploads: [upload], other: 1 }],
  ])('refuses %j', async (body) => {
    const { answer, orphans } = await post(body)
    expect(answer.json()).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(orphans.calls).toEqual([])
  })
})

describe('both', () => {
  it.each([
    ['read', 403],
    ['submit', 403],
    ['admin', 200],
  ] as const)('answer a token of scope %s with %i', async (scope, status) => {
    const { app } = await createHarness({ tokens: fixedTokens([tokenOf(scope, 'secret')]) })
    const headers = { authorization: 'Bearer secret' }
    expect((await app.inject({ url: '/v1/orphans', headers })).statusCode).toBe(status)
    const payload = { uploads: [upload] }
    const answer = await app.inject({ method: 'POST', url: '/v1/orphans/abort', headers, payload })
    expect(answer.statusCode).toBe(status)
  })
})
