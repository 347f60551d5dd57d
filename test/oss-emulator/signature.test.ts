import { describe, expect, it } from 'vitest'
import { call, createClient, credentials, element, send, sign, startTestEmulator } from './support.js'

const code = (text: string): string | undefined => element(text, 'Code')

describe('a V4 signature', () => {
  const put = { method: 'PUT', key: 'a key', headers: { 'content-length': '4', 'x-oss-meta-origin': 'cam7' } }
  const setup = async () => {
    const emulator = await startTestEmulator({ region: 'cn-hangzhou' })
    return { emulator, signed: sign(createClient(emulator), put) }
  }

  it('is accepted as it was made', async () => {
    const { emulator, signed } = await setup()
    expect((await send(emulator, signed, 'data')).status).toBe(200)
  })

  it.each([
    ['another key', (r) => ({ ...r, path: r.path.replace('a%20key', 'b%20key') })],
    ['another method', (r) => ({ ...r, method: 'POST' })],
    ['a further query parameter', (r) => ({ ...r, path: `${r.path}?acl` })],
    ['a changed x-oss header', (r) => ({ ...r, headers: { ...r.headers, 'x-oss-meta-origin': 'cam8' } })],
    ['a further x-oss header', (r) => ({ ...r, headers: { ...r.headers, 'x-oss-meta-more': '1' } })],
    ['a further content-type', (r) => ({ ...r, headers: { ...r.headers, 'content-type': 'text/plain' } })],
  ] satisfies [string, (request: ReturnType<typeof sign>) => ReturnType<typeof sign>][])(
    'does not cover %s',
    async (_name, tamper) => {
      const { emulator, signed } = await setup()
      const answer = await send(emulator, tamper(signed), 'data')
      expect([answer.status, code(answer.text)]).toEqual([403, 'SignatureDoesNotMatch'])
      expect(emulator.control.ledger().entries.at(-1)?.stored).toBe(false)
    },
  )

  it('covers the additional headers it names', async () => {
    const { emulator } = await setup()
    const headers = { 'content-length': '0', 'cache-control': 'no-store' }
    const signed = sign(createClient(emulator), {
      method: 'PUT',
      key: 'k',
      headers,
      additionalHeaders: ['cache-control', 'content-length'],
    })
    expect((await send(emulator, signed)).status).toBe(200)
    signed.headers['cache-control'] = 'no-cache'
    expect(code((await send(emulator, signed)).text)).toBe('SignatureDoesNotMatch')
  })

  it('is made for one region', async () => {
    const { emulator } = await setup()
    const client = createClient(emulator, 'path', 'v4', { region: 'oss-cn-beijing' })
    const answer = await send(emulator, sign(client, { method: 'HEAD', key: 'k' }))
    expect(answer.status).toBe(400)
    const document = Buffer.from(String(answer.headers['x-oss-err']), 'base64').toString()
    expect(element(document, 'Message')).toBe('Invalid signing region in Authorization header.')
  })

  it('refuses a payload that claims to be signed', async () => {
    const { emulator } = await setup()
    const answer = await call(emulator, { method: 'PUT', key: 'k', headers: { 'x-oss-content-sha256': 'abc' } })
    expect([answer.status, code(answer.text)]).toEqual([400, 'InvalidArgument'])
  })
})

describe.each(['v1', 'v4'] as const)('keys and clocks with a %s signature', (signature) => {
  it('knows one key', async () => {
    const emulator = await startTestEmulator()
    const stranger = createClient(emulator, 'path', signature, { accessKeyId: 'nobody' })
    await expect(stranger.head('k')).rejects.toMatchObject({ code: 'InvalidAccessKeyId', status: 403 })
  })

  it.each([
    ['wants its security token', undefined, 'InvalidAccessKeyId'],
    ['refuses another security token', 'other', 'InvalidSecurityToken'],
    ['takes its security token', 'token', 'NoSuchKey'],
  ])('%s', async (_name, stsToken, expected) => {
    const emulator = await startTestEmulator({ credentials: { ...credentials, securityToken: 'token' } })
    const client = createClient(emulator, 'path', signature)
    Object.assign((client as unknown as { options: object }).options, { stsToken })
    await expect(client.head('k')).rejects.toMatchObject({ code: expected })
  })

  it('knows several keys, each with its token, until they expire', async () => {
    const emulator = await startTestEmulator()
    const one = { accessKeyId: 'one', accessKeySecret: 'secret-1', securityToken: 'token-1' }
    const two = { accessKeyId: 'two', accessKeySecret: 'secret-2', securityToken: 'token-2' }
    const ask = (keys: typeof one) =>
      createClient(emulator, 'path', signature, { ...keys, stsToken: keys.securityToken }).head('k')
    emulator.control.setCredentials([{ ...one, expiresAt: new Date(Date.now() + 60_000).toISOString() }, two])
    await expect(ask(one)).rejects.toMatchObject({ code: 'NoSuchKey' })
    await expect(ask(two)).rejects.toMatchObject({ code: 'NoSuchKey' })
    await expect(ask({ ...one, securityToken: 'token-2' })).rejects.toMatchObject({ code: 'InvalidSecurityToken' })
    await expect(ask({ ...one, accessKeySecret: 'x' })).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
    emulator.control.setCredentials([{ ...one, expiresAt: new Date(Date.now() - 1).toISOString() }, two])
    await expect(ask(one)).rejects.toMatchObject({ code: 'SecurityTokenExpired', status: 403 })
    await expect(ask(two)).rejects.toMatchObject({ code: 'NoSuchKey' })
  })

  it.each([
    [14, 'NoSuchKey'],
    [-14, 'NoSuchKey'],
    [16, 'RequestTimeTooSkewed'],
    [-16, 'RequestTimeTooSkewed'],
  ])('a clock that is %i minutes off is answered %s', async (minutes, expected) => {
    const emulator = await startTestEmulator()
    const client = createClient(emulator, 'path', signature, { amendTimeSkewed: minutes * 60_000 })
    await expect(client.head('k')).rejects.toMatchObject({ code: expected })
  })
})

it('tells a client whose clock is off what time it is', async () => {
  const emulator = await startTestEmulator()
  const answer = await call(emulator, { method: 'GET', key: 'k', date: new Date('2020-01-01T00:00:00Z') })
  expect(code(answer.text)).toBe('RequestTimeTooSkewed')
  expect(element(answer.text, 'RequestTime')).toBe('2020-01-01T00:00:00.000Z')
  expect(Math.abs(Date.parse(element(answer.text, 'ServerTime') ?? '') - Date.now())).toBeLessThan(60_000)
})

it('refuses requests without a signature', async () => {
  const emulator = await startTestEmulator()
  const answer = await send(emulator, { method: 'GET', path: '/test-bucket/k', headers: {} })
  expect([answer.status, code(answer.text)]).toEqual([403, 'AccessDenied'])
})
