import { expect, it } from 'vitest'
import { createGivenSource, createStaticCredentials } from '../../../src/adapters/credentials/static-credentials.js'

const keys = { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: null }

it('holds the keys it was given, and has no others', async () => {
  const credentials = createStaticCredentials(keys)
  const current = credentials.current()
  expect(current).toEqual({ ...keys, temporary: false })
  expect(await credentials.renew(current, new AbortController().signal)).toBe(false)
  expect(credentials.current()).toBe(current)
})

it('does not renew for a caller that has given up', async () => {
  const credentials = createStaticCredentials(keys)
  const renewal = credentials.renew(credentials.current(), AbortSignal.abort(new Error('given up')))
  await expect(renewal).rejects.toThrow('given up')
})

it('takes keys with a token for temporary', async () => {
  const given = { ...keys, securityToken: 'token' }
  expect(createStaticCredentials(given).current().temporary).toBe(true)
  expect(await createGivenSource(given).fetchKeys()).toEqual({ ...given, temporary: true, expiresAt: null })
})
