import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DoctorReport } from '../../src/cli/text/doctor-report.js'
import { runMain } from './daemon-process.js'
import { bucket, createWorld, credentials, type World } from './world.js'

let world: World
const fronts: Server[] = []
afterEach(async () => {
  for (const front of fronts.splice(0)) await new Promise((resolve) => front.close(resolve))
  await world.end()
})

const place = `oss://${bucket}/in/`

/** Returns the doctor's exit code and its findings by name. */
const examine = async (settings: Record<string, string> = {}, ...places: string[]) => {
  const { code, stdout, stderr } = await runMain(['doctor', '--json', ...places], { ...world.settings, ...settings })
  expect(`${stdout}${stderr}`).not.toContain(credentials.accessKeySecret)
  const { checks } = JSON.parse(stdout) as DoctorReport
  const find = (name: string) => checks.find((check) => check.name === name)
  return { code, checks, find }
}

/** Starts a server in front of the emulator that answers some requests itself. */
const startFront = async (answer: (url: string) => { headers?: Record<string, string>; body?: string } | null) => {
  const { hostname, port } = new URL(world.settings['OSS_ENDPOINT'] ?? '')
  const front = createServer((incoming, outgoing) => {
    const own = answer(incoming.url ?? '')
    if (own?.body !== undefined) return void outgoing.writeHead(200, own.headers).end(own.body)
    const { url, method, headers } = incoming
    const asked = request({ hostname, port, path: url, method, headers }, (answered) => {
      outgoing.writeHead(answered.statusCode ?? 500, { ...answered.headers, ...own?.headers })
      answered.pipe(outgoing)
    })
    incoming.pipe(asked)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  fronts.push(front)
  return `http://127.0.0.1:${(front.address() as AddressInfo).port}`
}

describe('longshore doctor', () => {
  it('finds a good setup well, without a daemon and beside one, and leaves nothing in OSS', async () => {
    world = await createWorld()
    const { code, checks, find } = await examine({}, place)
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([])
    expect(code).toBe(0)
    expect(find('database')?.detail).toContain('does not exist yet')
    expect(find('bucket')).toMatchObject({ status: 'ok', remedy: null })
    expect(find('lifecycle')).toMatchObject({ status: 'ok' })
    const done = world.control.ledger().entries.map(({ operation }) => operation)
    const probe = ['InitiateMultipartUpload', 'UploadPart', 'ListParts', 'AbortMultipartUpload', 'GetBucketLifecycle']
    expect(done.filter((operation) => probe.includes(operation))).toEqual(probe)

    const daemon = await world.start()
    const beside = await examine({ LONGSHORE_LISTEN: new URL(daemon.url).host }, place)
    expect(beside.code).toBe(0)
    expect(beside.find('address')?.detail).toContain('a daemon answers')
    expect(beside.find('database')?.detail).toContain('sound: 0 jobs')
  })

  it('tries the targets that jobs may have', async () => {
    world = await createWorld()
    expect((await examine({ LONGSHORE_ALLOWED_TARGETS: `${bucket}/a` })).find('bucket')?.detail).toContain(
      `${bucket}/a/`,
    )
    expect((await examine()).find('bucket')).toMatchObject({ status: 'warning' })
    const other = await examine({ LONGSHORE_ALLOWED_TARGETS: `${bucket}/a` }, place)
    expect([other.code, other.find('bucket')?.detail]).toEqual([
      1,
      expect.stringContaining('LONGSHORE_ALLOWED_TARGETS'),
    ])
  })

  it('names every bad setting and still looks at what it can', async () => {
    world = await createWorld()
    const { code, checks, find } = await examine({ LONGSHORE_LANES: '0', LONGSHORE_SOURCE_ROOTS: '/' }, place)
    expect(code).toBe(1)
    expect(checks.filter(({ name, status }) => name === 'settings' && status === 'failed')).toHaveLength(2)
    expect(find('disk')?.status).toBe('ok')
    expect(find('OSS')?.status).toBe('skipped')
  })

  it.each([
    ['a wrong secret', { OSS_ACCESS_KEY_SECRET: 'wrong' }, place, 'bucket', /SignatureDoesNotMatch/, /secret key/],
    ['a bucket that is not there', {}, 'oss://nowhere/', 'bucket', /NoSuchBucket/, /Make the bucket nowhere/],
    [
      'an endpoint that is not there',
      { OSS_ENDPOINT: 'http://127.0.0.1:1' },
      place,
      'endpoint',
      /ECONNREFUSED/,
      /OSS_ENDPOINT/,
    ],
    [
      'no keys',
      { OSS_ACCESS_KEY_ID: '', OSS_ACCESS_KEY_SECRET: '', OSS_CREDENTIALS_FILE: '/nowhere.json' },
      place,
      'credentials',
      /nowhere|ENOENT/,
      /OSS_ACCESS_KEY_ID/,
    ],
  ])('says what to do about %s', async (_what, settings, url, name, detail, remedy) => {
    world = await createWorld()
    const { code, find } = await examine(settings, url)
    expect(code).toBe(1)
    expect(find(name)).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(detail),
      remedy: expect.stringMatching(remedy),
    })
  })

  it('sees a clock that is wrong and rules that abort uploads', async () => {
    world = await createWorld()
    const late = new Date(Date.now() + 3_600_000).toUTCString()
    const rules =
      '<?xml version="1.0"?><LifecycleConfiguration>' +
      '<Rule><ID>tidy</ID><Prefix>in/</Prefix><Status>Enabled</Status><AbortMultipartUpload><Days>1</Days></AbortMultipartUpload></Rule>' +
      '<Rule><ID>off</ID><Prefix></Prefix><Status>Disabled</Status><AbortMultipartUpload><Days>1</Days></AbortMultipartUpload></Rule>' +
      '<Rule><ID>old</ID><Prefix></Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>' +
      '</LifecycleConfiguration>'
    const OSS_ENDPOINT = await startFront((url) => {
      if (url.includes('lifecycle')) return { headers: { 'x-oss-request-id': 'R' }, body: rules }
      return url === '/' ? { headers: { date: late } } : null
    })
    const { code, checks, find } = await examine({ OSS_ENDPOINT }, place)
    expect(find('clock')).toMatchObject({ status: 'failed', detail: expect.stringMatching(/^3[56]\d\d s behind/) })
    expect(checks.filter(({ name }) => name === 'lifecycle')).toMatchObject([
      { status: 'warning', detail: `${bucket}: the rule tidy aborts uploads after 1 day` },
    ])
    expect(code).toBe(1)
  })
})

describe('longshore backup and check', () => {
  it('work beside a daemon and without one', async () => {
    world = await createWorld()
    const daemon = await world.start()
    await daemon.submit({ source: { path: await world.makeSource('a', 1000) }, target: { bucket, key: 'a' } })
    const file = join(world.sources, 'backup.db')
    const run = (...args: string[]) => runMain(args, world.settings)
    expect(await run('backup', file)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 jobs') })
    expect(await run('backup', file)).toMatchObject({ code: 74, stderr: expect.stringContaining('--force') })
    expect(await run('check')).toMatchObject({ code: 0, stdout: expect.stringMatching(/sound\n$/) })
    daemon.kill('SIGKILL')
    await daemon.exited
    expect(await run('check')).toMatchObject({ code: 0, stdout: expect.stringMatching(/sound\n$/) })
    expect(await run('check', file)).toMatchObject({ code: 0 })
  })
})
