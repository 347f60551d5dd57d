import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readWebhookSettings } from '../../src/config/webhooks.js'

const directory = mkdtempSync(join(tmpdir(), 'longshore-settings-'))
afterAll(() => rmSync(directory, { recursive: true }))

const read = (given: Record<string, string>) => {
  const problems: string[] = []
  return { ...readWebhookSettings(given, problems), problems }
}
const file = (text: string): string => {
  const path = join(directory, 'secret')
  writeFileSync(path, text)
  return path
}

const first = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const second = 'b2xkLXNlY3JldC1vZi10aGUtdGVzdHMu'

describe('the settings of webhooks', () => {
  it('are absent by default', () => {
    expect(read({})).toEqual({ secrets: [], allow: [], problems: [] })
  })

  it('hold one secret or several, from the variable or a file', () => {
    expect(read({ LONGSHORE_WEBHOOK_SECRET: first }).secrets).toEqual([first])
    expect(read({ LONGSHORE_WEBHOOK_SECRET: `${first} ${second}` }).secrets).toEqual([first, second])
    expect(read({ LONGSHORE_WEBHOOK_SECRET_FILE: file(`${first}\n${second}\n`) })).toMatchObject({
      secrets: [first, second],
      problems: [],
    })
  })

  it('name hosts with and without a port', () => {
    expect(read({ LONGSHORE_WEBHOOK_ALLOW: 'Receiver, 127.0.0.1:8080 ,[::1]' }).allow).toEqual([
      { hostname: 'receiver', port: null },
      { hostname: '127.0.0.1', port: 8080 },
      { hostname: '[::1]', port: null },
    ])
  })

  it.each([
    [{ LONGSHORE_WEBHOOK_SECRET: 'not base64 at all!' }, 'LONGSHORE_WEBHOOK_SECRET: must be base64'],
    [{ LONGSHORE_WEBHOOK_SECRET: 'whsec_' }, 'LONGSHORE_WEBHOOK_SECRET: must be base64'],
    [{ LONGSHORE_WEBHOOK_SECRET: 'c2hvcnQ=' }, 'at least 24 bytes'],
    [{ LONGSHORE_WEBHOOK_SECRET: `${first} whsec_b2xkLXNlY3JldC1vZi10aGUtdGVzdHM=` }, 'at least 24 bytes'],
    [{ LONGSHORE_WEBHOOK_SECRET: first, LONGSHORE_WEBHOOK_SECRET_FILE: '/x' }, 'not both'],
    [{ LONGSHORE_WEBHOOK_SECRET_FILE: join(directory, 'absent') }, 'cannot be read: ENOENT'],
    [{ LONGSHORE_WEBHOOK_ALLOW: 'a, http://b' }, 'LONGSHORE_WEBHOOK_ALLOW: must be hosts, or host:port: http://b'],
  ])('are refused: %j', (given, problem) => {
    const { problems } = read(given)
    expect(problems.join('\n')).toContain(problem)
    expect(problems.join('\n')).not.toContain('not base64 at all')
  })

  it('are refused when the file is empty', () => {
    expect(read({ LONGSHORE_WEBHOOK_SECRET_FILE: file('\n') }).problems.join()).toContain('holds no secret')
  })
})
