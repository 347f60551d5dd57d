import { expect, it } from 'vitest'
import { createStaticCredentials } from '../../../src/adapters/credentials/static-credentials.js'

it('gives the same keys after a refresh, so that nobody replays a request for them', async () => {
  const credentials = createStaticCredentials({ accessKeyId: 'id', accessKeySecret: 'secret', securityToken: null })
  const before = credentials.current()
  await credentials.refresh(new AbortController().signal)
  expect(credentials.current()).toBe(before)
  expect(before).toEqual({ accessKeyId: 'id', accessKeySecret: 'secret', securityToken: null, temporary: false })
})

it('counts keys with a token as temporary', () => {
  const credentials = createStaticCredentials({ accessKeyId: 'id', accessKeySecret: 'secret', securityToken: 'token' })
  expect(credentials.current().temporary).toBe(true)
})
