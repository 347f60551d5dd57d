import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBatch } from '../../src/core/batch.js'
import { answerBatch, type BatchAnswer } from '../../src/core/batch-view.js'
import type { JobView } from '../../src/core/job-view.js'
import { batchRequest } from '../contract/store-batch-setup.js'
import { eventually } from './eventually.js'
import { startFakeDaemon } from './fake-daemon.js'
import { cli, startCli } from './run-cli.js'
import { temporaryDirectory } from './temporary-directory.js'

const setup = async (files = 1) => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  const root = await temporaryDirectory()
  const directory = join(root, 'in')
  await mkdir(directory)
  for (let n = 1; n <= files; n++) await writeFile(join(directory, `f${n}`), `file ${n}`)
  /**
   * Waits until every job is accepted, the command knows it, and it hears the events: it has asked once how the jobs
   * are.
   */
  const following = () =>
    eventually(() => {
      expect(daemon.listeners()).toBe(1)
      expect(daemon.received.filter(({ method, path }) => method === 'GET' && path !== '/v1/events')).not.toEqual([])
    })
  const complete = ({ id }: JobView) => void daemon.move(id, 'completed')
  return {
    daemon,
    env: { LONGSHORE_URL: daemon.url },
    directory,
    file: join(directory, 'f1'),
    paths: Array.from({ length: files }, (_, n) => join(directory, `f${n + 1}`)),
    following,
    complete,
  }
}

const refusal = (status: number, code: string, headers: Record<string, string> = {}) => ({
  status,
  body: { title: 'No', status, code, detail: 'because' },
  headers,
})

describe('put of one file', () => {
  it('submits one job with every option, and prints it', async () => {
    const { daemon, env, file } = await setup()
    const options = ['--label', 'run=42', '--label', 'eq=a=b', '--part-size', '8MiB', '--parallel', '3']
    const more = ['--multipart-threshold', '20MB', '--header', 'Content-Type: text/x', '--header', 'x-oss-meta-a:b:c']
    const rest = ['--priority', '-5', '--sequential', '--if-exists', 'skipSame']
    const { code, text } = await cli(['put', file, 'oss://b/dir/key.bin', ...options, ...more, ...rest], env)
    expect(code).toBe(0)
    expect(text).toBe(`queued     j1  ${file} -> oss://b/dir/key.bin\n`)
    expect(daemon.posts().map(({ body }) => body)).toEqual([
      {
        source: { path: file },
        target: { bucket: 'b', key: 'dir/key.bin' },
        partSize: 8 * 1024 ** 2,
        parallel: 3,
        multipartThreshold: 20_000_000,
        headers: { 'Content-Type': 'text/x', 'x-oss-meta-a': 'b:c' },
        priority: -5,
        sequential: true,
        ifExists: 'skipSame',
        labels: { run: '42', eq: 'a=b' },
      },
    ])
  })

  it.each([
    ['oss://b/dir/', 'dir/f1'],
    ['oss://b/', 'f1'],
    ['oss://b', 'f1'],
    ['oss://b/a b%20/日本', 'a b%20/日本'],
  ])('goes for %s to the key %s', async (target, key) => {
    const { daemon, env, file } = await setup()
    await cli(['put', file, target], env)
    expect([...daemon.jobs.values()].map((job) => job.target)).toEqual([{ bucket: 'b', key }])
  })

  it('prints the job as JSON', async () => {
    const { daemon, env, file } = await setup()
    const { text } = await cli(['put', file, 'oss://b/k', '--json'], env)
    expect(JSON.parse(text)).toEqual(daemon.jobs.get('j1'))
  })

  it('shows why the daemon refused it', async () => {
    const { daemon, env, file } = await setup()
    daemon.hooks.refuse = () => refusal(409, 'target_busy')
    expect(await cli(['put', file, 'oss://b/k'], env)).toEqual({
      code: 1,
      text: '',
      errors: 'longshore: because (target_busy)\n',
    })
  })

  it.each([
    ['no target', ['x']],
    ['a target that is no oss:// address', ['x', 'y']],
    ['a target without a bucket', ['x', 'oss:///k']],
    ['a size it cannot read', ['x', 'oss://b/k', '--part-size', 'big']],
    ['a label without =', ['x', 'oss://b/k', '--label', 'x']],
    ['a header without :', ['x', 'oss://b/k', '--header', 'x']],
    ['an unknown policy', ['x', 'oss://b/k', '--if-exists', 'maybe']],
  ])('takes %s for wrong usage', async (_name, argv) => {
    expect((await cli(['put', ...argv], {})).code).toBe(64)
  })

  it('says which path is not there', async () => {
    const { env, file } = await setup()
    const { code, errors } = await cli(['put', `${file}\x1b`, 'oss://b/k'], env)
    expect(code).toBe(1)
    expect(errors).toBe(`longshore: ${file}\\x1b cannot be read: ENOENT.\n`)
  })
})

describe('put --wait of one file', () => {
  it('ends with the receipt when the job is completed', async () => {
    const { daemon, env, file, following } = await setup()
    const putting = startCli(['put', file, 'oss://b/k', '--wait'], env)
    await following()
    daemon.move('j1', 'running')
    daemon.move('j1', 'completed')
    expect(await putting.exited).toBe(0)
    expect(putting.text()).toContain(`completed  ${file}  1000 B\n`)
    expect(putting.text()).toMatch(/server crc64 +11051210869376104954 \(OSS\)/)
    expect(putting.text()).toMatch(/\nuploaded 1 file, 1000 B in \d.*\/s\)\n$/)
  })

  it('sees a job that settled before anybody listened', async () => {
    const { daemon, env, file, complete } = await setup()
    daemon.hooks.onJob = complete
    expect((await cli(['put', file, 'oss://b/k', '--wait'], env)).code).toBe(0)
  })

  it.each(['failed', 'cancelled'] as const)('exits 1 when the job is %s', async (state) => {
    const { daemon, env, file } = await setup()
    daemon.hooks.onJob = ({ id }) => void daemon.move(id, state)
    const { code, text } = await cli(['put', file, 'oss://b/k', '--wait'], env)
    expect(code).toBe(1)
    expect(text).toContain(`uploaded 0 files, 0 B in`)
    expect(text).toContain(`1 ${state}`)
  })

  it('outlives a restart of the daemon, with a visible note', async () => {
    const { daemon, env, file, following } = await setup()
    const putting = startCli(['put', file, 'oss://b/k', '--wait'], env)
    await following()
    await daemon.stop()
    await putting.sees('the daemon is not answering')
    daemon.move('j1', 'completed')
    await daemon.start()
    expect(await putting.exited).toBe(0)
    expect(putting.errors()).toContain('the daemon is back')
  })

  it('asks for the jobs when the events it missed are gone', async () => {
    const { daemon, env, file, following } = await setup()
    const putting = startCli(['put', file, 'oss://b/k', '--wait'], env)
    await following()
    daemon.move('j1', 'running')
    await daemon.stop()
    daemon.move('j1', 'completed')
    daemon.forgetEvents()
    await daemon.start()
    expect(await putting.exited).toBe(0)
  })

  it('ends at Ctrl-C, and tells that the daemon goes on', async () => {
    const { env, file, following } = await setup()
    const putting = startCli(['put', file, 'oss://b/k', '--wait'], env)
    await following()
    process.emit('SIGINT')
    expect(await putting.exited).toBe(130)
    expect(putting.errors()).toBe('interrupted; the daemon goes on: longshore watch j1\n')
  })

  it('counts a job that was removed under its eyes as failed', async () => {
    const { daemon, env, file, following } = await setup()
    const putting = startCli(['put', file, 'oss://b/k', '--wait'], env)
    await following()
    daemon.jobs.delete('j1')
    daemon.emit('job.deleted', 'j1', {})
    expect(await putting.exited).toBe(1)
  })

  it('says at once when no daemon is there', async () => {
    const { daemon, env, file } = await setup()
    await daemon.stop()
    const { code, errors } = await cli(['put', file, 'oss://b/k', '--wait'], env)
    await daemon.start()
    expect(code).toBe(69)
    expect(errors).not.toContain('trying again')
  })
})

const view = (changes: Partial<BatchAnswer> = {}): BatchAnswer => ({
  ...answerBatch({ ...createBatch(batchRequest('b-1'), 0), walk: 'done' }, []),
  ...changes,
})
const done = { state: 'completed', finishedAt: '2026-01-01T00:00:00.000Z' } as const

/**
 * Starts a daemon that answers every request about batches with the next of `answers`, and with the last of them
 * forever, under the id that was asked for (a POST: b-1, b-2 and so on, by idempotency key). It also answers what was
 * planned, and no failed jobs.
 */
const startBatches = async (...answers: BatchAnswer[]) => {
  const asked: { readonly call: string; readonly body: Record<string, unknown>; readonly key: unknown }[] = []
  const hooks = { refuse: (_body: string, _nth: number): ReturnType<typeof refusal> | 'lost' | null => null }
  const keys: unknown[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = request.url ?? ''
      const body = Buffer.concat(chunks).toString()
      const key = request.headers['idempotency-key']
      asked.push({ call: `${request.method} ${url}`, body: JSON.parse(body || 'null'), key })
      const refused = request.method === 'POST' ? hooks.refuse(body, asked.length) : null
      if (request.method === 'POST' && (refused === null || refused === 'lost') && !keys.includes(key)) keys.push(key)
      if (refused === 'lost') return void response.destroy()
      if (refused !== null) {
        response.writeHead(refused.status, { 'content-type': 'application/problem+json', ...refused.headers })
        return void response.end(JSON.stringify(refused.body))
      }
      const planned = { items: [{ path: '/in/a\nb', key: 'p/a', size: 2048 }], nextCursor: null }
      const batch = answers.length > 1 ? answers.shift() : answers[0]
      const id = request.method === 'POST' ? `b-${keys.indexOf(key) + 1}` : url.split('/')[3]
      const answer = url.includes('/files')
        ? planned
        : url.startsWith('/v1/jobs')
          ? { items: [], nextCursor: null }
          : { ...batch, id }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { directory, paths } = await setup(3)
  const made = () => keys.length
  return {
    asked,
    hooks,
    made,
    directory,
    paths,
    env: { LONGSHORE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
  }
}

describe('put of a directory', () => {
  it('makes one batch, with every option, and tells how to wait for it', async () => {
    const { asked, directory, env } = await startBatches(view())
    const options = ['--include', '**/*.mp4', '--include', 'a', '--exclude', 'tmp', '--follow-symlinks']
    const more = ['--if-exists', 'skipSame', '--label', 'run=42', '--priority', '3', '--delete-source']
    const rest = ['--not-before', '2030-01-01T00:00:00Z', '--on-source-change', 'restart']
    const { code, text } = await cli(['put', directory, 'oss://b/pre', ...options, ...more, ...rest], env)
    expect(code).toBe(0)
    expect(text).toBe('b-1  running  0 of 0 files, 0 B of 0 B\nwait for it: longshore watch b-1\n')
    expect(asked.map(({ call }) => call)).toEqual(['POST /v1/batches'])
    expect(asked[0]?.body).toEqual({
      source: { dir: directory, include: ['**/*.mp4', 'a'], exclude: ['tmp'], followSymlinks: true },
      target: { bucket: 'b', prefix: 'pre' },
      ifExists: 'skipSame',
      labels: { run: '42' },
      priority: 3,
      deleteSource: true,
      notBefore: '2030-01-01T00:00:00.000Z',
      onSourceChange: 'restart',
    })
  })

  it('follows it with --wait, and tells by its exit code what was left out', async () => {
    const problem = { path: '/in/x', code: 'key_invalid', message: 'no', jobId: null } as const
    const walk = { done: true, seen: 1, problemCount: 1, problems: [problem] }
    const { directory, env } = await startBatches(view(), view({ ...done, state: 'failed', walk }))
    const { code, text, errors } = await cli(['put', directory, 'oss://b/', '--wait'], env)
    expect(code).toBe(1)
    expect(text).toBe('b-1  failed  0 of 0 files, 0 B of 0 B, 1 left out\n')
    expect(errors).toContain('/in/x: no (key_invalid)\n')
  })

  it('lists with --dry-run what would be sent', async () => {
    const { asked, directory, env } = await startBatches(view(), view({ ...done, dryRun: true }))
    const { code, text } = await cli(['put', directory, 'oss://bucket-a/p', '--dry-run'], env)
    expect(code).toBe(0)
    expect(text).toMatch(/^\/in\/a\S+b -> oss:\/\/bucket-a\/p\/a {2}2\.0 KiB\n0 files, 0 B would be sent\n$/)
    expect(asked[0]?.body).toMatchObject({ dryRun: true })
  })

  it('takes globs for nothing else', async () => {
    const { env, file } = await setup(1)
    const globs = await cli(['put', file, 'oss://b/', '--include', '*'], env)
    expect([globs.code, globs.errors]).toEqual([64, expect.stringContaining('go with directories')])
    const dryRun = await cli(['put', file, 'oss://b/', '--dry-run'], env)
    expect([dryRun.code, dryRun.errors]).toEqual([64, expect.stringContaining('a directory or several paths')])
  })
})

describe('put of several paths', () => {
  it('makes one batch of all files, and one of each directory below its name', async () => {
    const { asked, directory, paths, env } = await startBatches(view())
    const other = await temporaryDirectory()
    const { code, text } = await cli(['put', ...paths, directory, other, 'oss://b/pre', '--include', '*.mp4'], env)
    expect(code).toBe(0)
    const walk = { include: ['*.mp4'] }
    expect(asked.map(({ body }) => body)).toEqual([
      { source: { files: paths }, target: { bucket: 'b', prefix: 'pre' }, labels: {} },
      { source: { dir: directory, ...walk }, target: { bucket: 'b', prefix: 'pre/in' }, labels: {} },
      { source: { dir: other, ...walk }, target: { bucket: 'b', prefix: `pre/${basename(other)}` }, labels: {} },
    ])
    expect(new Set(asked.map(({ key }) => key)).size).toBe(3)
    expect(text).toContain('\nwait for them: longshore watch b-1; longshore watch b-2; longshore watch b-3\n')
  })

  it('follows all of them with --wait', async () => {
    const { directory, paths, env } = await startBatches(view(), view(), view(), view(done))
    const { code, text } = await cli(['put', ...paths, directory, 'oss://b/', '--wait'], env)
    expect(code).toBe(0)
    expect(text).toMatch(/^b-1 {2}running.*\n/)
    expect(text).toMatch(/^b-1 {2}completed/m)
    expect(text).toMatch(/^b-2 {2}completed/m)
  })

  it('prints the batches as JSON, one per line', async () => {
    const { directory, paths, env } = await startBatches(view())
    const { text } = await cli(['put', ...paths, directory, 'oss://b/', '--json'], env)
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(['b-1', 'b-2'])
  })

  it('goes on behind a refused one, and exits 1', async () => {
    const { hooks, directory, paths, env } = await startBatches(view(), view(done))
    hooks.refuse = (body) => (body.includes('"dir"') ? refusal(422, 'source_unavailable') : null)
    const { code, text, errors } = await cli(['put', directory, ...paths, 'oss://b/', '--wait'], env)
    expect(code).toBe(1)
    expect(errors).toContain(`${directory}: because (source_unavailable)\n`)
    expect(text).toContain('b-1  completed')
  })

  it('stops at a refusal that every batch would meet', async () => {
    const { asked, hooks, directory, paths, env } = await startBatches(view())
    hooks.refuse = () => refusal(401, 'unauthorized')
    const { code, errors } = await cli(['put', ...paths, directory, 'oss://b/', '--wait'], env)
    expect([code, errors]).toEqual([1, 'longshore: because (unauthorized)\n'])
    expect(asked).toHaveLength(1)
  })

  it('repeats a POST under the same key when asked to slow down, or when its answer was lost', async () => {
    const { asked, hooks, made, directory, paths, env } = await startBatches(view())
    hooks.refuse = (_body, nth) => {
      if (nth === 1) return refusal(429, 'rate_limited', { 'retry-after': '0' })
      return nth === 3 ? 'lost' : null
    }
    expect((await cli(['put', ...paths, directory, 'oss://b/'], env)).code).toBe(0)
    expect(asked).toHaveLength(4)
    expect(made()).toBe(2)
  })
})
