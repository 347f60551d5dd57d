import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { JobView } from '../../src/core/job-view.js'
import type { PartView } from '../../src/core/part-view.js'

/** This is the compiled program. */
export const main = fileURLToPath(new URL('../../dist/launch.cjs', import.meta.url))

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

/** This is a daemon in a process of its own, from the compiled program, as a user starts it. */
export interface DaemonProcess {
  readonly url: string
  readonly pid: number
  readonly exited: Promise<Exit>
  kill(signal: NodeJS.Signals): void
  request<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>
  submit(job: object): Promise<JobView>
  get(jobId: string): Promise<JobView>
  /** Returns the job once it is settled. */
  settled(jobId: string): Promise<JobView>
  parts(jobId: string): Promise<readonly PartView[]>
}

/** This says how a process is started when it is not started as a user would. */
export interface Launch {
  /** These arguments of node replace `dist/main.js serve`. */
  readonly program?: readonly string[]
  /** The process gets a SIGKILL this long after it was started, whatever it is doing. */
  readonly killAfterMs?: number
}

const environment = (settings: Record<string, string>): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  LONGSHORE_LISTEN: '127.0.0.1:0',
  ...settings,
})

const collect = (child: ChildProcess): Promise<Exit> => {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }))
}

const spawnNode = (args: readonly string[], env: NodeJS.ProcessEnv, killAfterMs?: number): ChildProcess => {
  if (!existsSync(main)) throw new Error('dist/main.js is missing: run `npm run build` first')
  return spawn(process.execPath, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(killAfterMs === undefined ? {} : { timeout: killAfterMs, killSignal: 'SIGKILL' }),
  })
}

/** Runs a command of the program to its end. */
export const runMain = (args: readonly string[], settings: Record<string, string>): Promise<Exit> =>
  collect(spawnNode([main, ...args], environment(settings)))

const listeningAddress = async (child: ChildProcess): Promise<string> => {
  if (child.stdout === null) throw new Error('the daemon has no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg?: string; address?: string }
    if (entry.msg === 'listening' && entry.address !== undefined) return entry.address
  }
  throw new Error('the daemon ended before it listened')
}

/** Starts `longshore serve` and waits until it listens. */
export const startDaemonProcess = async (
  settings: Record<string, string>,
  { program = [main, 'serve'], killAfterMs }: Launch = {},
): Promise<DaemonProcess> => {
  const child = spawnNode(program, environment(settings), killAfterMs)
  const exited = collect(child)
  const url = await Promise.race([
    listeningAddress(child),
    exited.then(({ code, stderr }) => Promise.reject(new Error(`the daemon exited with ${code}: ${stderr}`))),
  ])
  // readline stops reading when its loop is left, so the pipe must go on flowing, or the daemon would block on its
  // logs.
  child.stdout?.resume()

  const request = async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> => {
    const response = await fetch(url + path, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as T }
  }

  const daemon: DaemonProcess = {
    url,
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => void child.kill(signal),
    request,
    async submit(job) {
      const answer = await request<JobView>('POST', '/v1/jobs', job)
      if (answer.status !== 201) throw new Error(`submit answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    get: async (jobId) => (await request<JobView>('GET', `/v1/jobs/${jobId}`)).body,
    async settled(jobId) {
      for (;;) {
        const { body } = await request<JobView>('GET', `/v1/jobs/${jobId}?wait=30s`)
        if (body.finishedAt !== null) return body
      }
    },
    async parts(jobId) {
      const items: PartView[] = []
      let cursor: string | null = null
      do {
        const query: string = cursor === null ? '' : `&cursor=${cursor}`
        const { body }: Answer<{ items: PartView[]; nextCursor: string | null }> = await request(
          'GET',
          `/v1/jobs/${jobId}/parts?limit=1000${query}`,
        )
        items.push(...body.items)
        cursor = body.nextCursor
      } while (cursor !== null)
      return items
    },
  }
  return daemon
}
