import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EmulatorControl } from '../../src/oss-emulator/control.js'
import { startEmulator } from '../../src/oss-emulator/emulator.js'
import { type DaemonProcess, type Launch, startDaemonProcess } from './daemon-process.js'

export const mib = 1024 * 1024
export const bucket = 'bucket'

/** These are keys of the emulator. The daemon's logs and answers must never show the secret. */
export const credentials = { accessKeyId: 'test-key', accessKeySecret: 'canary-secret-of-the-tests' }

export interface World {
  /** Sources stand in this directory. */
  readonly sources: string
  readonly dataDir: string
  readonly settings: Record<string, string>
  readonly control: EmulatorControl
  /** Makes a file of random bytes. Returns its path. */
  makeSource(name: string, size: number): Promise<string>
  /** Starts a daemon. The one before it on the same data directory must have ended. */
  start(settings?: Record<string, string>, launch?: Launch): Promise<DaemonProcess>
  /** Returns the SHA-256 of an object, read back from OSS, or null when there is none. */
  objectSha256(key: string): Promise<string | null>
  end(): Promise<void>
}

export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Returns a random seed. A test that uses it prints it. */
export const newSeed = (): number => Number(process.env['SEED'] ?? randomInt(2 ** 31))

/** Creates a mulberry32, which is small, seeded and good enough to choose moments. */
export const seeded = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Asks until the answer is true. A test that never gets there ends by its own timeout. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/**
 * Creates an emulator in this process, a directory of sources and a data directory for daemons in processes of their
 * own.
 */
export const createWorld = async (
  options: { bandwidth?: number; buckets?: readonly string[] } = {},
): Promise<World> => {
  const root = await mkdtemp(join(tmpdir(), 'longshore-e2e-'))
  const sources = join(root, 'sources')
  const dataDir = join(root, 'data')
  await mkdir(sources)
  const emulator = await startEmulator({ directory: join(root, 'oss'), buckets: [bucket], credentials, ...options })
  const settings = {
    LONGSHORE_DATA_DIR: dataDir,
    LONGSHORE_SOURCE_ROOTS: sources,
    OSS_ENDPOINT: emulator.url,
    OSS_REGION: 'cn-hangzhou',
    OSS_ADDRESSING: 'path',
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  }
  const daemons: DaemonProcess[] = []
  return {
    sources,
    dataDir,
    settings,
    control: emulator.control,
    async makeSource(name, size) {
      const path = join(sources, name)
      const file = await open(path, 'w')
      for (let left = size; left > 0; left -= Math.min(left, 16 * mib)) {
        await file.write(randomBytes(Math.min(left, 16 * mib)))
      }
      await file.close()
      return path
    },
    async start(more = {}, launch = {}) {
      const daemon = await startDaemonProcess({ ...settings, ...more }, launch)
      daemons.push(daemon)
      return daemon
    },
    async objectSha256(key) {
      const date = new Date().toUTCString()
      const signature = createHmac('sha1', credentials.accessKeySecret)
        .update(`GET\n\n\n${date}\n/${bucket}/${key}`)
        .digest('base64')
      const response = await fetch(`${emulator.url}/${bucket}/${key}`, {
        headers: { date, authorization: `OSS ${credentials.accessKeyId}:${signature}` },
      })
      if (response.status === 404) return null
      if (!response.ok || response.body === null) throw new Error(`GET ${key} answered ${response.status}`)
      const hash = createHash('sha256')
      for await (const chunk of response.body) hash.update(chunk)
      return hash.digest('hex')
    },
    async end() {
      for (const daemon of daemons) daemon.kill('SIGKILL')
      await Promise.all(daemons.map((daemon) => daemon.exited))
      await emulator.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}
