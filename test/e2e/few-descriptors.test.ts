import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { main } from './daemon-process.js'

let root: string
afterEach(() => rm(root, { recursive: true, force: true }))

const runWith = async (descriptors: number, args: readonly string[], settings: Record<string, string>) => {
  const child = spawn('sh', ['-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', process.execPath, main, ...args], {
    env: { PATH: process.env['PATH'], LONGSHORE_DATA_DIR: join(root, 'data'), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code, output }
}

describe('a program with too few file descriptors', () => {
  it.each([
    [24, ['serve'], {}, 128],
    [64, ['serve'], {}, 128],
    [100, ['serve'], {}, 128],
    [200, ['serve'], { LONGSHORE_CONCURRENCY: '64' }, 368],
    [64, ['doctor'], {}, 112],
    [32, ['--version'], {}, 112],
  ] as const)('of %i ends %j with one sentence and 78', async (descriptors, args, settings, needed) => {
    root = await mkdtemp(join(tmpdir(), 'longshore-few-'))
    const { code, output } = await runWith(descriptors, args, settings)
    expect(output).toMatch(
      new RegExp(`^longshore: Only ${descriptors} files and sockets may be open, ${needed} .*\\n$`),
    )
    expect(code).toBe(78)
    expect(existsSync(join(root, 'data'))).toBe(false)
  })

  it('starts with what the sentence asks for', async () => {
    root = await mkdtemp(join(tmpdir(), 'longshore-few-'))
    expect(await runWith(112, ['--help'], {})).toMatchObject({ code: 0 })
  })
})
