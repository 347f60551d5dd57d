import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBatch } from '../../src/core/batch.js'
import { type BatchView, viewBatch } from '../../src/core/batch-view.js'
import type { JobView } from '../../src/core/job-view.js'
import { batchRequest } from '../contract/store-batches.js'
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
  /** Every job is accepted, the command knows, and it hears the events: it has asked once how the jobs are. */
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
      errors: 'longshore: No: because (target_busy)\n',
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
    expect(putting.errors()).toBe('interrupted; the daemon goes on with 1 of 1 files: longshore watch j1\n')
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

describe('put of a directory', () => {
  /** Answers the batch again and again, as `answers` has it; what was planned; and no failed jobs. */
  const startBatches = async (...answers: BatchView[]) => {
    const asked: { readonly call: string; readonly body: unknown }[] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const url = request.url ?? ''
        asked.push({ call: `${request.method} ${url}`, body: JSON.parse(Buffer.concat(chunks).toString() || 'null') })
        const planned = { items: [{ path: '/in/a\nb', key: 'p/a', size: 2048 }], nextCursor: null }
        const batch = answers.length > 1 ? answers.shift() : answers[0]
        const answer = url.includes('/files')
          ? planned
          : url.startsWith('/v1/jobs')
            ? { items: [], nextCursor: null }
            : batch
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { directory } = await setup(0)
    return { asked, directory, env: { LONGSHORE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }
  }
  const view = (changes: Partial<BatchView> = {}): BatchView => ({
    ...viewBatch({ ...createBatch(batchRequest('b-1'), 0), walk: 'done' }, []),
    ...changes,
  })
  const done = { state: 'completed', finishedAt: '2026-01-01T00:00:00.000Z' } as const

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
    const { code, errors } = await cli(['put', file, 'oss://b/', '--include', '*'], env)
    expect([code, errors]).toEqual([64, expect.stringContaining('go with one directory')])
  })
})

describe('put of many paths', () => {
  it('submits every file below the prefix, with one label of its run and one key each', async () => {
    const { daemon, env, paths, complete } = await setup(50)
    daemon.hooks.onJob = complete
    const { code, text } = await cli(['put', ...paths, 'oss://b/pre', '--wait'], env)
    expect(code).toBe(0)
    const jobs = [...daemon.jobs.values()]
    expect(jobs.map(({ target }) => target.key).sort()).toEqual(
      Array.from({ length: 50 }, (_, n) => `pre/f${n + 1}`).sort(),
    )
    const labels = new Set(jobs.map((job) => job.labels['put']))
    expect(labels.size).toBe(1)
    expect([...labels][0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(new Set(daemon.posts().map(({ headers }) => headers['idempotency-key'])).size).toBe(50)
    expect(text).toMatch(/\nuploaded 50 files, 48.8 KiB in /)
    expect(text.match(/^completed /gm)).toHaveLength(50)
  })

  it('tells without --wait how to wait for it', async () => {
    const { daemon, env, paths } = await setup(3)
    const { code, text } = await cli(['put', ...paths, 'oss://b/'], env)
    expect(code).toBe(0)
    const label = daemon.jobs.get('j1')?.labels['put']
    expect(text).toContain(`3 jobs accepted; wait for them: longshore wait --label put=${label}\n`)
  })

  it('never has more than 16 submissions in flight', async () => {
    const { daemon, env, paths } = await setup(40)
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let held = 0
    daemon.hooks.hold = () => {
      held++
      return released
    }
    const putting = startCli(['put', ...paths, 'oss://b/'], env)
    await eventually(() => expect(held).toBeGreaterThanOrEqual(16))
    // Whatever else was sent with them has arrived when a later request is answered.
    await fetch(`${daemon.url}/v1/jobs`)
    expect(held).toBe(16)
    release()
    expect(await putting.exited).toBe(0)
    expect(daemon.jobs.size).toBe(40)
  })

  it('goes on behind refused files, and exits 1', async () => {
    const { daemon, env, paths, directory, complete } = await setup(4)
    daemon.hooks.onJob = complete
    daemon.hooks.refuse = ({ body }) =>
      JSON.stringify(body ?? '').includes('/f2"') ? refusal(422, 'source_unavailable') : null
    const { code, text, errors } = await cli(['put', ...paths, 'oss://b/', '--wait'], env)
    expect(code).toBe(1)
    expect(errors).toContain(`${directory}/f2: No: because (source_unavailable)\n`)
    expect(text).toMatch(/uploaded 3 files.*, 1 left out\n$/)
  })

  it('stops at a refusal that every file would meet', async () => {
    const { daemon, env, paths } = await setup(40)
    daemon.hooks.refuse = () => refusal(401, 'unauthorized')
    const { code, errors } = await cli(['put', ...paths, 'oss://b/', '--wait'], env)
    expect(code).toBe(1)
    expect(errors).toBe('longshore: No: because (unauthorized)\n')
    expect(daemon.posts().length).toBeLessThanOrEqual(16)
  })

  it('repeats a POST under the same key when asked to slow down', async () => {
    const { daemon, env, paths } = await setup(2)
    let refusals = 3
    daemon.hooks.refuse = ({ method }) =>
      method === 'POST' && refusals-- > 0 ? refusal(429, 'rate_limited', { 'retry-after': '0' }) : null
    expect((await cli(['put', ...paths, 'oss://b/'], env)).code).toBe(0)
    expect(daemon.jobs.size).toBe(2)
    expect(new Set(daemon.posts().map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  it('makes no second job when the answer to a POST was lost', async () => {
    const { daemon, env, paths } = await setup(20)
    let lost = 0
    daemon.hooks.onJob = () => {
      // The first answer must arrive: a daemon that never answered is not waited for.
      daemon.hooks.loseAnswer = daemon.jobs.size > 17 && lost++ === 0
    }
    const { code, text } = await cli(['put', ...paths, 'oss://b/'], env)
    expect(code).toBe(0)
    expect(lost).toBeGreaterThan(0)
    expect(daemon.posts().length).toBe(21)
    expect(daemon.jobs.size).toBe(20)
    expect(text).toContain('20 jobs accepted')
  })

  it('follows many jobs across a restart by one list instead of a request for each', async () => {
    const { daemon, env, paths, following } = await setup(40)
    const putting = startCli(['put', ...paths, 'oss://b/', '--wait'], env)
    await following()
    await daemon.stop()
    for (const id of daemon.jobs.keys()) daemon.move(id, 'completed')
    daemon.forgetEvents()
    daemon.received.length = 0
    await daemon.start()
    expect(await putting.exited).toBe(0)
    expect(daemon.received.filter(({ method, path }) => method === 'GET' && /jobs\/./.test(path))).toEqual([])
  })

  it('refuses the label that it sets itself', async () => {
    const { env, paths } = await setup(2)
    const { code, errors } = await cli(['put', ...paths, 'oss://b/', '--label', 'put=x'], env)
    expect(code).toBe(64)
    expect(errors).toContain('The label put is given')
  })

  it('prints every settled job as JSON, one per line', async () => {
    const { daemon, env, paths, complete } = await setup(3)
    daemon.hooks.onJob = complete
    const { text } = await cli(['put', ...paths, 'oss://b/', '--wait', '--json'], env)
    const states = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).state)
    expect(states).toEqual(['completed', 'completed', 'completed'])
  })
})

describe('put of several paths', () => {
  it('leaves out a second file for the same object', async () => {
    const { daemon, env, directory, file } = await setup(1)
    const { code, errors } = await cli(['put', file, file, 'oss://b/p'], env)
    expect(code).toBe(1)
    expect(errors).toContain(`${directory}/f1: another file goes to oss://b/p/f1`)
    expect(daemon.jobs.size).toBe(1)
  })
})
