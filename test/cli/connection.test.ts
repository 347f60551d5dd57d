import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli } from './run-cli.js'
import { temporaryDirectory } from './temporary-directory.js'

const setup = async (listen?: { socketPath: string }) => {
  const daemon = await startFakeDaemon(listen)
  onTestFinished(() => daemon.stop())
  daemon.add(jobView('j1'))
  return daemon
}

const authorization = (daemon: Awaited<ReturnType<typeof setup>>) => daemon.received.at(-1)?.headers.authorization

describe('the way to the daemon', () => {
  it('goes through a unix socket', async () => {
    const socketPath = join(await temporaryDirectory(), 'daemon.sock')
    const daemon = await setup({ socketPath })
    expect(await cli(['show', 'j1', '--json'], { LONGSHORE_URL: daemon.url })).toMatchObject({ code: 0, errors: '' })
  })

  it('goes below the path of the address, for a daemon behind a proxy', async () => {
    const daemon = await setup()
    await cli(['show', 'j1'], { LONGSHORE_URL: `${daemon.url}/longshore/` })
    expect(daemon.received.at(-1)?.path).toBe('/longshore/v1/jobs/j1')
  })

  it('sends LONGSHORE_TOKEN', async () => {
    const daemon = await setup()
    await cli(['show', 'j1'], { LONGSHORE_URL: daemon.url, LONGSHORE_TOKEN: 's3cret' })
    expect(authorization(daemon)).toBe('Bearer s3cret')
  })

  it.each(['"', "'", ' ', '\n'])(
    'reads address and token without %j around them, as the daemon does',
    async (around) => {
      const daemon = await setup()
      const wrapped = (text: string): string => around + text + around
      await cli(['show', 'j1'], { LONGSHORE_URL: wrapped(daemon.url), LONGSHORE_TOKEN: wrapped('s3cret') })
      expect(authorization(daemon)).toBe('Bearer s3cret')
    },
  )

  it.each([
    ['a bare token', 's3cret\n', 's3cret'],
    ['a scope before it', 'submit:s3cret\r\nadmin:other\n', 's3cret'],
    ['a colon in it', 'admin:a:b', 'a:b'],
    ['fields behind it', 'submit:s3cret name=ci targets=media', 's3cret'],
    ['a colon in it and no scope', 'x:b', 'x:b'],
  ])('sends the first line of LONGSHORE_TOKEN_FILE with %s', async (_name, content, token) => {
    const daemon = await setup()
    const file = join(await temporaryDirectory(), 'token')
    await writeFile(file, content)
    await cli(['show', 'j1'], { LONGSHORE_URL: daemon.url, LONGSHORE_TOKEN_FILE: file })
    expect(authorization(daemon)).toBe(`Bearer ${token}`)
  })

  it.each([
    [{ LONGSHORE_URL: 'ftp://x' }, /LONGSHORE_URL must be http/],
    [{ LONGSHORE_URL: 'unix:relative' }, /absolute path/],
    [{ LONGSHORE_TOKEN_FILE: '/nowhere/token' }, /LONGSHORE_TOKEN_FILE \/nowhere\/token cannot be read: ENOENT/],
    [{ LONGSHORE_TOKEN: 'two words' }, /LONGSHORE_TOKEN holds no usable token/],
  ])('refuses the setting %j as wrong usage', async (env, message) => {
    const { code, errors } = await cli(['ls'], env as unknown as Record<string, string>)
    expect(code).toBe(64)
    expect(errors).toMatch(message)
  })

  it('says what to do when no daemon is there', async () => {
    const daemon = await startFakeDaemon()
    await daemon.stop()
    const { code, errors } = await cli(['ls'], { LONGSHORE_URL: daemon.url })
    expect(code).toBe(69)
    expect(errors).toContain(`the daemon is not running at ${daemon.url} (connection refused)`)
    expect(errors).toContain('start it with `longshore serve`')
  })

  it('says the same when the socket does not exist', async () => {
    const { code, errors } = await cli(['ls'], { LONGSHORE_URL: `unix:${await temporaryDirectory()}/none` })
    expect(code).toBe(69)
    expect(errors).toContain('there is no such socket')
  })

  it('counts a server that hangs up without an answer as unreachable', async () => {
    const server = createServer((request) => request.socket.destroy()).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await cli(['ls'], { LONGSHORE_URL: `http://127.0.0.1:${port}` })).toMatchObject({ code: 69 })
  })

  it('shows what a problem says and every field of it, with nothing a terminal could act on', async () => {
    const daemon = await setup()
    const errors = [
      { path: 'target.key', message: 'must not start with /' },
      { path: 'partSize', message: 'too small \x1b[31m' },
    ]
    daemon.hooks.refuse = () => ({
      status: 400,
      body: { title: 'Bad request', status: 400, code: 'invalid_request', detail: 'Two fields are wrong.', errors },
    })
    const refused = await cli(['ls'], { LONGSHORE_URL: daemon.url })
    expect(refused.code).toBe(1)
    expect(refused.errors).toBe(
      'longshore: Two fields are wrong. (invalid_request)\n' +
        '  target.key: must not start with /\n  partSize: too small \\x1b[31m\n',
    )
  })

  it.each([
    ['one field', ['limit must be at most 1000'], ''],
    ['fields that the sentence tells', ['a is required', 'b is required'], ''],
    [
      'more fields than the sentence tells',
      ['a is required', 'b is required', 'x.b is required'],
      '  b: is required\n',
    ],
    ['a body without fields', ['The body must be valid JSON'], ''],
  ])('says nothing twice of %s', async (_name, told, lines) => {
    const daemon = await setup()
    const fields = told.map((sentence) => /^The body (.*)$|^(\S+) (.*)$/.exec(sentence) ?? [])
    const errors = fields.map(([, ofBody, path = '', message]) => ({ path, message: ofBody ?? message }))
    const detail = `${told.filter((sentence) => lines === '' || sentence !== 'b is required').join('; ')}.`
    const body = { title: 'Bad Request', status: 400, code: 'invalid_request', detail, errors }
    daemon.hooks.refuse = () => ({ status: 400, body })
    const refused = await cli(['ls'], { LONGSHORE_URL: daemon.url })
    expect(refused.errors).toBe(`longshore: ${detail} (invalid_request)\n${lines}`)
  })

  it('falls back to the title of a problem that says nothing else', async () => {
    const daemon = await setup()
    daemon.hooks.refuse = () => ({ status: 409, body: { title: 'Conflict', status: 409, code: 'target_busy' } })
    expect((await cli(['ls'], { LONGSHORE_URL: daemon.url })).errors).toBe('longshore: Conflict (target_busy)\n')
  })

  it('tells a proxy whose daemon is away from another server', async () => {
    const daemon = await setup()
    daemon.hooks.refuse = () => ({ status: 502, body: '<html>Bad Gateway</html>', contentType: 'text/html' })
    const { errors } = await cli(['ls'], { LONGSHORE_URL: daemon.url })
    expect(errors).toContain('HTTP 502')
    expect(errors).toContain('a proxy says that the daemon behind it is away')
  })

  it.each(['<html>not found</html>', '"a string"', 'null'])('doubts that %s comes from a daemon', async (body) => {
    const daemon = await setup()
    daemon.hooks.refuse = () => ({ status: 404, body, contentType: 'text/html' })
    const { code, errors } = await cli(['ls'], { LONGSHORE_URL: daemon.url })
    expect(code).toBe(1)
    expect(errors).toMatch(/HTTP 404, .* is this address really a Longshore daemon\?/)
  })

  it.each([
    ['an unknown command', ['fly']],
    ['no command', []],
    ['an unknown option', ['ls', '--frobnicate']],
    ['a missing argument', ['show']],
    ['an argument too many', ['show', 'a', 'b']],
    ['an unknown state', ['ls', '--state', 'done']],
    ['a limit of zero', ['ls', '--limit', '0']],
  ])('takes %s for wrong usage', async (_name, argv) => {
    const { code, errors } = await cli(argv, {})
    expect(code).toBe(64)
    expect(errors).not.toBe('')
  })

  it('explains itself with --help', async () => {
    const { code, text } = await cli(['--help'], {})
    expect(code).toBe(0)
    for (const word of [
      'put',
      'ls',
      'show',
      'watch',
      'pause',
      'resume',
      'cancel',
      'retry',
      'wait',
      'rm',
      'LONGSHORE_URL',
    ]) {
      expect(text).toContain(word)
    }
  })
})
