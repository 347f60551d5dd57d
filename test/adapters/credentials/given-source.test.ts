import { expect, it } from 'vitest'
import { createGivenSource } from '../../../src/adapters/credentials/given-source.js'

const keys = { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: null }

it('has the keys it was given, for ever', async () => {
  const source = createGivenSource(keys)
  expect(await source.fetchKeys()).toEqual({ ...keys, temporary: false, expiresAt: null })
  expect(source.recheckMs).toBeNull()
})

it('takes keys with a token for temporary', async () => {
  const given = { ...keys, securityToken: 'token' }
  expect(await createGivenSource(given).fetchKeys()).toEqual({ ...given, temporary: true, expiresAt: null })
})
