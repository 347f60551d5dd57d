import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileSource } from '../../../src/adapters/credentials/file-source.js'
import { Failure } from '../../../src/core/failure.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'longshore-keys-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const setup = async (text: string | null) => {
  const path = join(directory, 'keys.json')
  if (text !== null) await writeFile(path, text)
  return { path, source: createFileSource(path) }
}

const rotation = (generation: number): string =>
  JSON.stringify({
    accessKeyId: `id-${generation}`,
    accessKeySecret: `canary-secret-${generation}`,
    securityToken: `canary-token-${generation}`,
  })

const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await work.then(
    () => new Error('it resolved'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Failure)) throw error
  return error
}

describe('a file of keys', () => {
  it('is read anew by every fetch', async () => {
    const { path, source } = await setup(rotation(1))
    expect(await source.fetchKeys()).toEqual({
      accessKeyId: 'id-1',
      accessKeySecret: 'canary-secret-1',
      securityToken: 'canary-token-1',
      temporary: true,
      expiresAt: null,
    })
    await writeFile(path, rotation(2))
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'id-2' })
  })

  it.each([
    ['with a byte order mark', (text: string) => `\ufeff${text}`],
    ['with line ends around it', (text: string) => `\r\n${text}\r\n`],
  ])('may be an answer of AssumeRole, saved as it is, %s', async (_how, saved) => {
    const { source } = await setup(
      saved(
        JSON.stringify({
          RequestId: '964E0EC5-575B-4FF5-8FD0-D4BD8025602A',
          AssumedRoleUser: { Arn: 'acs:ram::1:role/uploader/s', AssumedRoleId: '3:s' },
          Credentials: {
            SecurityToken: 'canary-token',
            Expiration: '2026-01-01T00:00:00Z',
            AccessKeySecret: 'canary-secret\n',
            AccessKeyId: 'STS.id',
          },
        }),
      ),
    )
    expect(await source.fetchKeys()).toMatchObject({
      accessKeyId: 'STS.id',
      accessKeySecret: 'canary-secret',
      securityToken: 'canary-token',
    })
  })

  it.each(['accessKeyId', 'accessKeySecret', 'securityToken'])('is kept out when its %s is no key', async (field) => {
    const { source } = await setup(JSON.stringify({ ...JSON.parse(rotation(1)), [field]: 'canary of\ntwo lines' }))
    const failure = await failureOf(source.fetchKeys())
    expect(failure.message).toContain(`has a ${field} with characters that no key has`)
    expect(failure.message).not.toContain('canary')
  })

  it('may be an answer of the metadata service, saved as it is', async () => {
    const { source } = await setup(
      JSON.stringify({
        AccessKeyId: 'STS.id',
        AccessKeySecret: 'canary-secret',
        SecurityToken: 'canary-token',
        Expiration: '2026-01-01T00:00:00Z',
        Code: 'Success',
      }),
    )
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'STS.id', securityToken: 'canary-token' })
  })

  it('may hold long-term keys, which may change as well', async () => {
    const { source } = await setup('{"accessKeyId":"id","accessKeySecret":"canary-secret","securityToken":""}')
    expect(await source.fetchKeys()).toMatchObject({ securityToken: null, temporary: true })
    expect(source.recheckMs).toBeLessThanOrEqual(10_000)
  })

  it('never gives halves of two rotations, however often it is replaced while it is read', async () => {
    const { path, source } = await setup(rotation(0))
    let writing = true
    const writer = (async () => {
      for (let generation = 1; generation <= 300; generation++) {
        await writeFile(`${path}.new`, rotation(generation))
        await rename(`${path}.new`, path)
      }
      writing = false
    })()
    const seen = new Set<string>()
    while (writing) {
      const { accessKeyId, accessKeySecret, securityToken } = await source.fetchKeys()
      const generations = [accessKeyId, accessKeySecret, securityToken].map((text) => text?.split('-').at(-1))
      expect(new Set(generations).size).toBe(1)
      seen.add(accessKeyId)
    }
    await writer
    expect(seen.size).toBeGreaterThan(5)
  })

  it('is followed through a link that is turned to the next rotation, as Kubernetes does', async () => {
    const { path, source } = await setup(null)
    await writeFile(join(directory, 'one'), rotation(1))
    await writeFile(join(directory, 'two'), rotation(2))
    await symlink('one', path)
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'id-1' })
    await symlink('two', `${path}.new`)
    await rename(`${path}.new`, path)
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'id-2' })
  })

  it.each([
    ['is absent', null, /ENOENT/],
    ['is empty', '', /not JSON/],
    ['is half written', rotation(1).slice(0, 60), /not JSON/],
    ['is no object', '"canary-secret"', /not JSON/],
    ['lacks the secret', '{"accessKeyId":"canary-secret"}', /accessKeySecret/],
    ['holds numbers', '{"accessKeyId":1,"accessKeySecret":"canary-secret"}', /accessKeyId/],
  ])('that %s has no keys, and says so without a word of what it holds', async (_, text, sentence) => {
    const { source } = await setup(text)
    const failure = await failureOf(source.fetchKeys())
    expect(failure.kind).toBe('credentials')
    expect(failure.message).toMatch(sentence)
    expect(failure.message).not.toContain('canary')
    expect(failure.cause).toBeUndefined()
  })
})
