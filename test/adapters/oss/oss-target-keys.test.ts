import { describe, expect, it } from 'vitest'
import type { CredentialSet } from '../../../src/ports/credentials.js'
import { actions, refuse, reply, setup } from './oss-target-setup.js'
import { failureOf, keys, object, rotatingCredentials, unaborted } from './target-setup.js'

describe('credentials', () => {
  it.each(['SecurityTokenExpired', 'InvalidSecurityToken', 'InvalidAccessKeyId'])(
    'are refreshed once after %s and the request is sent again with the new ones',
    async (code) => {
      const credentials = rotatingCredentials()
      const { target, source, seen } = await setup(
        (request, response) =>
          request.headers['x-oss-security-token'] === 'canary-token-1'
            ? refuse(response, 403, code)
            : reply(response, 200, { etag: '"E"' }),
        { credentials },
      )
      expect((await actions.part(target, source)).etag).toBe('E')
      expect(credentials.renewals()).toBe(1)
      expect(seen.map(({ headers }) => /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1])).toEqual([
        'AKID-1',
        'AKID-2',
      ])
      expect(seen[1]?.body.equals(source.bytes)).toBe(true)
    },
  )

  it('hear of a good answer to a request that was signed with them, and of no other', async () => {
    const rotating = rotatingCredentials()
    const accepted: string[] = []
    const credentials = { ...rotating, accepted: (set: CredentialSet) => void accepted.push(set.accessKeyId) }
    const { target, source } = await setup(
      (_request, response, turn) =>
        turn === 2 ? reply(response, 200, { etag: '"E"' }) : refuse(response, 403, 'AccessDenied'),
      { credentials },
    )
    expect((await failureOf(actions.part(target, source))).code).toBe('access_denied')
    expect(accepted).toEqual([])
    await actions.part(target, source)
    expect(accepted).toEqual(['AKID-1'])
  })

  it('are asked for once only, then the failure stands', async () => {
    const credentials = rotatingCredentials()
    const { target, source, seen } = await setup(
      (_request, response) => refuse(response, 403, 'SecurityTokenExpired'),
      {
        credentials,
      },
    )
    expect(await failureOf(actions.list(target, source))).toMatchObject({
      kind: 'credentials',
    })
    expect(credentials.renewals()).toBe(1)
    expect(seen).toHaveLength(2)
  })

  it('are not refreshed again by a request whose keys another one has renewed already', async () => {
    const credentials = rotatingCredentials()
    const { target, source } = await setup(
      (request, response, turn) => {
        if (request.headers['x-oss-security-token'] !== 'canary-token-1') return reply(response, 200, { etag: '"E"' })
        if (turn === 1) credentials.rotate()
        refuse(response, 403, 'SecurityTokenExpired')
      },
      { credentials },
    )
    await actions.part(target, source)
    expect(credentials.renewals()).toBe(1)
  })

  it('that never change are not tried twice', async () => {
    const { target, source, seen } = await setup((_request, response) => refuse(response, 403, 'InvalidAccessKeyId'))
    expect(await failureOf(actions.part(target, source))).toMatchObject({ kind: 'permanent', code: 'access_denied' })
    expect(seen).toHaveLength(1)
  })
})

describe('signatures', () => {
  it('take the key pair of the moment, not of the start', async () => {
    const credentials = rotatingCredentials()
    const { target, source, seen } = await setup((_request, response) => reply(response, 200, { etag: '"E"' }), {
      credentials,
    })
    await actions.part(target, source)
    credentials.rotate()
    await actions.part(target, source)
    await target.head(object, unaborted()).catch(() => {})
    expect(seen.map(({ headers }) => headers['x-oss-security-token'])).toEqual([
      'canary-token-1',
      'canary-token-2',
      'canary-token-2',
    ])
  })

  it('can be V1', async () => {
    const { target, source, seen } = await setup((_request, response) => reply(response, 200, { etag: '"E"' }), {
      signature: 'v1',
    })
    await actions.part(target, source)
    await actions.abort(target, source)
    for (const { headers } of seen) {
      expect(headers.authorization).toMatch(new RegExp(`^OSS ${keys.accessKeyId}:[A-Za-z0-9+/]+=*$`))
      expect(Date.parse(String(headers['x-oss-date']))).not.toBeNaN()
    }
  })
})
