import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { BatchView } from '../../src/core/batch-view.js'
import type { JobView } from '../../src/core/job-view.js'
import { partSize } from './sources.js'

export const bucket = 'bench'
/** The sink checks no signature, but the clients need keys all the same. */
export const keys = { id: 'bench', secret: 'bench' }

export interface BenchSetup {
  /** This is the launcher of the program that is measured. */
  readonly program: string
  readonly endpoint: string
  /** This is the certificate of an endpoint with TLS. It is null without TLS. */
  readonly caFile: string | null
  /** This directory holds the sources. Data directories of daemons are made beside them. */
  readonly workDir: string
  readonly sourceDir: string
  /** The daemon writes a profile of each of its threads there when it is stopped. */
  readonly profileDir: string | null
}

/** This is a compiled daemon with settings as a user has them. Its database is empty unless it inherits one. */
export interface BenchDaemon {
  readonly url: string
  readonly pid: number
  readonly dataDir: string
  /** This is when its process was started, in milliseconds since the epoch. */
  readonly startedAt: number
  submit(path: string, key: string, parallel?: number): Promise<JobView>
  /** Submits a directory as one batch, below a prefix. */
  submitDirectory(dir: string, prefix: string): Promise<BatchView>
  get<T>(path: string): Promise<T>
  /** Throws when the job ended as anything but completed. */
  completed(id: string): Promise<void>
  kill(): Promise<void>
  /** Stops the daemon cleanly and leaves its database. */
  end(): Promise<void>
  stop(): Promise<void>
}

const listeningAddress = async (child: ChildProcess): Promise<string> => {
  if (child.stdout === null) throw new Error('the daemon has no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg?: string; address?: string }
    if (entry.msg === 'listening' && entry.address !== undefined) return entry.address
  }
  throw new Error('the daemon ended before it listened')
}

const ownKeys = { OSS_ACCESS_KEY_ID: keys.id, OSS_ACCESS_KEY_SECRET: keys.secret }

/** Starts a daemon. `credentials` are the settings that say where its keys come from. */
export const startDaemon = async (
  setup: BenchSetup,
  inherited?: string,
  credentials: Readonly<Record<string, string>> = ownKeys,
): Promise<BenchDaemon> => {
  const dataDir = inherited ?? (await mkdtemp(join(setup.workDir, 'data-')))
  const profiling =
    setup.profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${setup.profileDir}`, '--cpu-prof-interval=500']
  const startedAt = Date.now()
  const child = spawn(process.execPath, [...profiling, setup.program, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      // There is nothing of Node.js or of malloc here, because users set nothing of it either.
      LONGSHORE_LISTEN: '127.0.0.1:0',
      LONGSHORE_DATA_DIR: dataDir,
      LONGSHORE_SOURCE_ROOTS: setup.sourceDir,
      LONGSHORE_PART_SIZE: String(partSize),
      OSS_ENDPOINT: setup.endpoint,
      OSS_REGION: 'cn-hangzhou',
      OSS_ADDRESSING: 'path',
      ...(setup.caFile === null ? {} : { LONGSHORE_CA_FILE: setup.caFile }),
      ...credentials,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const endWith = (): void => void child.kill('SIGKILL')
  process.once('exit', endWith)
  exited.then(() => process.off('exit', endWith))
  const url = await listeningAddress(child)
  // readline stops reading when its loop is left, so the pipe must go on flowing, or the daemon would block on its
  // logs.
  child.stdout?.resume()
  const agent = new Agent({ keepAlive: true })

  const call = (method: string, path: string, body?: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? null : JSON.stringify(body)
      const headers =
        text === null ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
      const req = httpRequest(url + path, { agent, method, headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const received = Buffer.concat(chunks).toString('utf8')
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(received))
          else reject(new Error(`${method} ${path} answered ${answer.statusCode}: ${received}`))
        })
      })
      req.on('error', reject)
      req.end(text ?? undefined)
    })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    agent.destroy()
    child.kill(signal)
    await exited
  }

  const get = <T>(path: string): Promise<T> => call('GET', path) as Promise<T>
  return {
    url,
    pid: child.pid ?? 0,
    dataDir,
    startedAt,
    submit: (path, key, parallel = 4) =>
      call('POST', '/v1/jobs', { source: { path }, target: { bucket, key }, parallel }) as Promise<JobView>,
    submitDirectory: (dir, prefix) =>
      call('POST', '/v1/batches', { source: { dir }, target: { bucket, prefix } }) as Promise<BatchView>,
    get,
    async completed(id) {
      for (;;) {
        const job = await get<JobView>(`/v1/jobs/${id}?wait=30s`)
        if (job.state === 'completed') return
        if (job.finishedAt !== null) throw new Error(`job ${id} ended as ${job.state}: ${job.error?.message}`)
      }
    },
    kill: () => end('SIGKILL'),
    end: () => end('SIGTERM'),
    async stop() {
      await end('SIGTERM')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
