import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startEmulator } from '../../src/oss-emulator/emulator.js'
import { main } from './daemon-process.js'

const credentials = { accessKeyId: 'id', accessKeySecret: 'canary-secret' }

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a daemon whose stdout is what the test gives it, and makes a file that it may upload. */
const setup = async (stdout: number | 'pipe', env: Record<string, string> = {}) => {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-output-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const emulator = await startEmulator({ directory: join(directory, 'oss'), buckets: ['bucket'], credentials })
  onTestFinished(() => emulator.close())
  const source = join(directory, 'in', 'a.bin')
  mkdirSync(join(directory, 'in'))
  writeFileSync(source, Buffer.alloc(100_000, 7))
  const port = await freePort()
  const child: ChildProcess = spawn(process.execPath, [main, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      LONGSHORE_LISTEN: `127.0.0.1:${port}`,
      LONGSHORE_DATA_DIR: join(directory, 'data'),
      LONGSHORE_SOURCE_ROOTS: join(directory, 'in'),
      OSS_ENDPOINT: emulator.url,
      OSS_REGION: 'cn-hangzhou',
      OSS_ADDRESSING: 'path',
      OSS_ACCESS_KEY_ID: credentials.accessKeyId,
      OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
      ...env,
    },
    stdio: ['ignore', stdout, 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init)
  const submit = async (key: string): Promise<{ id: string; state: string }> => {
    const answer = await ask('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: { path: source }, target: { bucket: 'bucket', key } }),
    })
    const { id } = (await answer.json()) as { id: string }
    return (await (await ask(`/v1/jobs/${id}?wait=30s`)).json()) as { id: string; state: string }
  }
  const isLive = (): Promise<boolean> =>
    ask('/livez').then(
      ({ ok }) => ok,
      () => false,
    )
  await expect.poll(isLive, { timeout: 60_000 }).toBe(true)
  return { child, ask, submit, isLive }
}

describe('a log that cannot be written', () => {
  it('stops neither work nor API nor a clean end, when its disk is full', async () => {
    const full = openSync('/dev/full', 'w')
    onTestFinished(() => closeSync(full))
    const { child, submit, isLive } = await setup(full, { LONGSHORE_LOG_LEVEL: 'trace' })
    for (const key of ['a', 'b', 'c']) expect((await submit(key)).state).toBe('completed')
    expect(await isLive()).toBe(true)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('stops neither work nor API when its reader has stopped, and goes on when it reads again', async () => {
    const { child, submit, isLive, ask } = await setup('pipe', { LONGSHORE_LOG_LEVEL: 'trace' })
    // No process reads the pipe, so what the system keeps of it is full long before this is over.
    for (let index = 0; index < 20; index++) expect((await submit(`k${index}`)).state).toBe('completed')
    for (let index = 0; index < 300; index++) await ask('/v1/version')
    expect(await isLive()).toBe(true)
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk
    })
    const { id, state } = await submit('last')
    expect(state).toBe('completed')
    await expect.poll(() => text, { timeout: 30_000 }).toContain(id)
    for (const line of text.trimEnd().split('\n').slice(0, -1)) JSON.parse(line)
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
  })
})

describe('the output of a command', () => {
  const run = async (command: string): Promise<{ code: unknown; stderr: string }> => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk
    })
    const [code] = await once(child, 'close')
    return { code, stderr }
  }
  const program = `${process.execPath} ${main}`

  it.each(['--help', 'serve --help', 'put --help'])(
    'that cannot be written is one sentence and 74: %s',
    async (args) => {
      const { code, stderr } = await run(`${program} ${args} > /dev/full`)
      expect([code, stderr]).toEqual([74, 'longshore: the output cannot be written (ENOSPC)\n'])
    },
  )

  it.each(['--help', 'serve --help'])('ends quietly when nobody reads on: %s', async (args) => {
    expect(await run(`${program} ${args} | head -1`)).toEqual({ code: 0, stderr: '' })
  })
})
