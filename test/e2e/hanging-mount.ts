import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { needs } from '../needs.js'
import { until } from './world.js'

/** This is a file system of another process, which stops answering when that process is stopped. */
export interface HangingMount {
  /** What stands here can be read below `path`. */
  readonly behind: string
  readonly path: string
  /** From now on no call to it gets an answer. */
  hang(): void
  /** From now on it answers again, also everything that was asked meanwhile. */
  goOn(): void
  /** Ends the file system. Each call that hangs in it goes on and fails. */
  end(): Promise<void>
}

const isMounted = async (path: string): Promise<boolean> =>
  (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${path} `)

const unmount = async (path: string, child: ChildProcess): Promise<void> => {
  // A process that is stopped could neither end nor let go of anything.
  child.kill('SIGCONT')
  spawnSync('fusermount3', ['-uz', path])
  child.kill('SIGTERM')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Mounts a directory upon another by bindfs. It leaves the test out, and says why, where that cannot be done. */
export const mountHanging = async (context: TestContext): Promise<HangingMount> => {
  needs(context, 'bindfs', 'fusermount3')
  const root = await mkdtemp(join(tmpdir(), 'longshore-mount-'))
  const behind = join(root, 'behind')
  const path = join(root, 'mount')
  await Promise.all([mkdir(behind), mkdir(path)])
  const child = spawn('bindfs', ['-f', '--no-allow-other', behind, path], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  await until(async () => ended || (await isMounted(path)))
  if (ended) context.skip(`bindfs cannot mount here, FUSE is needed: ${complaint.trim()}`)
  return {
    behind,
    path,
    hang: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async end() {
      await unmount(path, child)
      await rm(root, { recursive: true, force: true })
    },
  }
}
