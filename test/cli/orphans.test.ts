import { describe, expect, it, onTestFinished } from 'vitest'
import type { OrphanView, UploadName } from '../../src/cli/client/api.js'
import { startFakeDaemon } from './fake-daemon.js'
import { cli, startCli } from './run-cli.js'

const orphan = (uploadId: string, changes: Partial<OrphanView> = {}): OrphanView => ({
  bucket: 'b',
  key: `k/${uploadId}`,
  uploadId,
  owner: 'unknown',
  jobId: null,
  jobState: null,
  initiatedAt: '2026-01-01T00:00:00.000Z',
  ageSeconds: 125,
  bytes: 1024,
  ...changes,
})

/** These uploads are one of each kind. */
const mixed = [
  orphan('U1', { owner: 'ours', jobId: 'j1', jobState: 'running' }),
  orphan('U2', { owner: 'ours', jobId: 'j2', jobState: 'failed', ageSeconds: 2 * 86_400 + 3 * 3600 + 59 }),
  orphan('U3', { owner: 'ours', jobId: 'j3' }),
  orphan('U4', { owner: 'possible', jobId: 'j4', ageSeconds: 94_200 }),
  orphan('U5', { bytes: null }),
]

const setup = async (orphans: readonly OrphanView[] = mixed) => {
  const daemon = await startFakeDaemon()
  onTestFinished(() => daemon.stop())
  daemon.orphans.push(...orphans)
  const aborts = () =>
    daemon.received
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => body as unknown as { readonly uploads: readonly UploadName[]; readonly force: boolean })
  const aborted = () => aborts().flatMap(({ uploads }) => uploads.map(({ uploadId }) => uploadId))
  return { daemon, env: { LONGSHORE_URL: daemon.url }, aborts, aborted }
}

describe('orphans', () => {
  it('shows whose each upload is, how old and how big', async () => {
    const { env } = await setup()
    const { code, text } = await cli(['orphans'], env)
    expect(code).toBe(0)
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, ' | ')),
    ).toEqual([
      'OWNER | AGE | BYTES | JOB | UPLOAD',
      'ours (running) | 2m 05s | 1.0 KiB | j1 | oss://b/k/U1 U1',
      'ours (failed) | 2d 03h | 1.0 KiB | j2 | oss://b/k/U2 U2',
      'ours | 2m 05s | 1.0 KiB | j3 | oss://b/k/U3 U3',
      'possible | 26h 10m | 1.0 KiB | j4 | oss://b/k/U4 U4',
      'unknown | 2m 05s | ? | - | oss://b/k/U5 U5',
    ])
  })

  it('asks for one bucket, page after page, and says that there is more', async () => {
    const { daemon, env } = await setup()
    daemon.hooks.pageSize = 2
    const some = await cli(['orphans', '--bucket', 'b', '--limit', '3', '--json'], env)
    expect(JSON.parse(some.text)).toMatchObject({ nextCursor: '3', items: mixed.slice(0, 3) })
    expect((await cli(['orphans', '--limit', '1'], env)).errors).toContain('there may be more')
    expect(JSON.parse((await cli(['orphans', '--all', '--json'], env)).text).items).toEqual(mixed)
    expect(daemon.received[0]?.query.get('bucket')).toBe('b')
  })

  it('asks and aborts at the cost of the requester when told so', async () => {
    const { daemon, env, aborts } = await setup()
    await cli(['orphans', '--payer', 'requester'], env)
    await cli(['orphans', '--payer', 'requester', '--bucket', 'b', '--abort', '--yes'], env)
    expect(daemon.received.slice(0, 2).map(({ query }) => query.get('payer'))).toEqual(['requester', 'requester'])
    expect(aborts()).toMatchObject([{ payer: 'requester', force: false }])
    expect(aborts()[0]).not.toHaveProperty('bucket')
    daemon.received.length = 0
    await cli(['orphans', '--abort', '--yes'], env)
    expect(daemon.received[0]?.query.has('payer')).toBe(false)
    expect(aborts()[0]).not.toHaveProperty('payer')
    expect((await cli(['orphans', '--payer', 'owner'], env)).code).toBe(64)
  })

  it('says that there is nothing', async () => {
    const { env } = await setup([])
    expect(await cli(['orphans'], env)).toEqual({ code: 0, text: '', errors: 'no open uploads\n' })
  })

  it('prints no key raw that a terminal could act on', async () => {
    const { env } = await setup([orphan('U\x1b[2J', { key: 'a\u202eb' })])
    expect((await cli(['orphans'], env)).text).toContain('oss://b/a\\u202eb U\\x1b[2J')
  })
})

describe('orphans --abort', () => {
  it('removes those of settled jobs, and leaves the rest alone', async () => {
    const { env, aborts, aborted } = await setup()
    const { code, text, errors } = await cli(['orphans', '--abort', '--yes'], env)
    expect(code).toBe(0)
    expect(aborted()).toEqual(['U2', 'U3'])
    expect(aborts()[0]).toMatchObject({ force: false })
    expect(text).toBe('aborted   oss://b/k/U2 U2\naborted   oss://b/k/U3 U3\n')
    expect(errors).toBe('3 left alone: in use, or not ours (--force)\n')
  })

  it('removes all but those at work by force, in requests of twenty', async () => {
    const { env, aborts, aborted } = await setup([...mixed, ...Array.from({ length: 25 }, (_, n) => orphan(`V${n}`))])
    const { code, text } = await cli(['orphans', '--abort', '--force', '--yes', '--json'], env)
    expect(code).toBe(0)
    expect(aborts().map(({ uploads }) => uploads.length)).toEqual([20, 9])
    expect(aborts()[0]).toMatchObject({ force: true })
    expect(aborted()).not.toContain('U1')
    expect(JSON.parse(text).items).toHaveLength(29)
  })

  it('fails when something was refused or failed, and says why', async () => {
    const { daemon, env } = await setup()
    daemon.hooks.abortAnswer = ({ uploadId }) =>
      uploadId === 'U2'
        ? { result: 'refused', reason: 'Job j2 has just been started again' }
        : { result: 'gone', reason: null }
    const { code, text } = await cli(['orphans', '--abort', '--yes'], env)
    expect(code).toBe(1)
    expect(text).toBe('refused   oss://b/k/U2 U2: Job j2 has just been started again\ngone      oss://b/k/U3 U3\n')
  })

  it.each([
    ['y\n', ['U2', 'U3'], 0],
    ['YES\n', ['U2', 'U3'], 0],
    ['n\n', [], 1],
    ['\n', [], 1],
    ['yesterday\n', [], 1],
  ])('asks on a terminal, and takes %j as an answer', async (typed, removed, exitCode) => {
    const { env, aborted } = await setup()
    const run = startCli(['orphans', '--abort'], env, true)
    await run.sees('Abort these 2 uploads? [y/N]')
    expect(aborted()).toEqual([])
    run.stdin.write(typed)
    expect(await run.exited).toBe(exitCode)
    expect(aborted()).toEqual(removed)
  })

  it('takes the end of the input for a no', async () => {
    const { env, aborted } = await setup()
    const run = startCli(['orphans', '--abort'], env, true)
    await run.sees('[y/N]')
    run.stdin.end()
    expect(await run.exited).toBe(1)
    expect(aborted()).toEqual([])
  })

  it('removes nothing where there is nobody to ask', async () => {
    const { env, aborted } = await setup()
    const { code, errors } = await cli(['orphans', '--abort'], env)
    expect(code).toBe(64)
    expect(errors).toContain('--yes')
    expect(aborted()).toEqual([])
  })

  it('does not ask when there is nothing to remove', async () => {
    const { env, aborts } = await setup(mixed.slice(0, 1))
    expect((await cli(['orphans', '--abort'], env)).code).toBe(0)
    expect(aborts()).toEqual([])
  })
})
