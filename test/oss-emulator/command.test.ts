import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runDevOss } from '../../src/oss-emulator/command.js'
import { createClient, makeDirectory, until } from './support.js'

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}, isTTY = false) => {
  const written = { stdout: '', stderr: '' }
  const exitCode = runDevOss(args, {
    env,
    stdout: { isTTY, write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
  })
  return { written, exitCode }
}

const start = async (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}, isTTY = false) => {
  const directory = await makeDirectory()
  const { written, exitCode } = run(['--port', '0', '--dir', directory, ...args], env, isTTY)
  const stop = (): Promise<number> => {
    process.emit('SIGTERM')
    return exitCode
  }
  onTestFinished(async () => void (await stop()))
  await until(() => written.stdout !== '' || written.stderr !== '')
  return { written, stop }
}

describe('dev-oss', () => {
  it('says where it listens in one line of JSON, serves with the keys it prints, and stops on SIGTERM', async () => {
    const { written, stop } = await start(['--bucket', 'test-bucket', '--bucket', 'second-bucket'])
    expect(written.stdout.split('\n')).toHaveLength(2)
    const ready = JSON.parse(written.stdout)
    expect(ready).toMatchObject({ msg: 'listening', address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) })
    expect(ready.environment).toMatchObject({
      OSS_ENDPOINT: ready.address,
      OSS_REGION: 'cn-hangzhou',
      OSS_ADDRESSING: 'path',
    })
    const url = new URL(ready.address)
    const client = createClient({ port: Number(url.port) } as never, 'path', 'v4', {
      accessKeyId: ready.environment.OSS_ACCESS_KEY_ID,
      accessKeySecret: ready.environment.OSS_ACCESS_KEY_SECRET,
    })
    await client.put('key', Buffer.from('text'))
    client.useBucket('second-bucket')
    await client.put('key', Buffer.from('text'))
    expect((await fetch(`${ready.address}/-/control/ledger`)).status).toBe(404)
    expect(await stop()).toBe(0)
    await expect(fetch(ready.address)).rejects.toThrow()
  })

  it('gives people text, with lines to paste', async () => {
    const { written } = await start(['--fault-control'], {}, true)
    const endpoint = /export OSS_ENDPOINT=(\S+)/.exec(written.stdout)?.[1]
    expect(written.stdout).toMatch(/export OSS_ADDRESSING=path\n/)
    expect((await fetch(`${endpoint}/-/control/ledger`)).status).toBe(200)
  })

  it('takes its keys from the environment, and does not print them', async () => {
    const env = { OSS_ACCESS_KEY_ID: 'mine', OSS_ACCESS_KEY_SECRET: 'my-secret', OSS_REGION: 'oss-cn-beijing' }
    const { written } = await start([], env)
    expect(written.stdout).not.toContain('my-secret')
    const ready = JSON.parse(written.stdout)
    expect(ready.environment.OSS_REGION).toBe('cn-beijing')
    const client = createClient({ port: Number(new URL(ready.address).port) } as never, 'path', 'v4', {
      accessKeyId: 'mine',
      accessKeySecret: 'my-secret',
      region: 'oss-cn-beijing',
      bucket: 'dev-bucket',
    })
    await client.put('key', Buffer.from('text'))
  })

  it('explains itself as a tool for development', async () => {
    const { written, exitCode } = run(['--help'])
    expect(await exitCode).toBe(0)
    expect(written.stdout).toMatch(/for development/)
    for (const flag of ['--port', '--host', '--dir', '--bucket', '--bandwidth', '--fault-control']) {
      expect(written.stdout).toContain(flag)
    }
  })

  it.each([
    [['--port', 'http'], /--port http/],
    [['--port', '70000'], /--port 70000/],
    [['--bandwidth', 'fast'], /--bandwidth fast/],
    [['--bandwidth', '0'], /--bandwidth 0/],
    [['--bucket', 'No'], /--bucket No/],
    [['--colour'], /--colour/],
    [['extra'], /extra/],
    [['--host', '0.0.0.0', '--fault-control'], /loopback/],
  ])('refuses %j with exit 64', async (args, reason) => {
    const { written, exitCode } = run(args)
    expect(await exitCode).toBe(64)
    expect(written.stderr).toMatch(reason)
    expect(written.stdout).toBe('')
  })

  it('refuses half a key pair', async () => {
    const { written, exitCode } = run([], { OSS_ACCESS_KEY_ID: 'mine' })
    expect(await exitCode).toBe(64)
    expect(written.stderr).toContain('OSS_ACCESS_KEY_SECRET')
  })

  it('says when the port is taken', async () => {
    const other = createServer()
    onTestFinished(() => void other.close())
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { written, exitCode } = run(['--port', String(port), '--dir', await makeDirectory()])
    expect(await exitCode).toBe(1)
    expect(written.stderr).toContain('EADDRINUSE')
  })
})
