import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, type World } from './world.js'

interface Problem {
  readonly code: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly errors?: readonly { path: string; message: string }[]
}

let world: World
let daemon: DaemonProcess
let path: string

beforeAll(async () => {
  world = await createWorld()
  path = await world.makeSource('good.bin', 1000)
  daemon = await world.start()
})
afterAll(() => world.end())

const good = () => ({ source: { path }, target: { bucket, key: 'key' } })
const post = (body: unknown) => daemon.request<Problem>('POST', '/v1/jobs', body)

describe('a bad job request', () => {
  it.each([
    ['an unknown field', { ...{ colour: 'red' } }, 'colour'],
    ['an impossible part size', { partSize: 1 }, 'partSize'],
    ['a part size that is no number', { partSize: '8MiB' }, 'partSize'],
    ['a part size over 5 GiB', { partSize: 6 * 2 ** 30 }, 'partSize'],
    ['a priority out of bounds', { priority: 101 }, 'priority'],
    ['a relative path', { source: { path: 'a.bin' } }, 'source.path'],
    ['a NUL byte in the path', { source: { path: '/a\0b' } }, 'source.path'],
    ['an unknown field inside', { source: { path: '/a', offset: 1 } }, 'source.offset'],
    ['a key with ..', { target: { bucket, key: 'a/../b' } }, 'target.key'],
    ['a key that begins with a slash', { target: { bucket, key: '/b' } }, 'target.key'],
    ['a key with a control character', { target: { bucket, key: 'a\nb' } }, 'target.key'],
    ['a key over 1023 bytes', { target: { bucket, key: '中'.repeat(342) } }, 'target.key'],
    ['a bad bucket', { target: { bucket: 'B', key: 'b' } }, 'target.bucket'],
    ['a header that is ours', { headers: { 'Content-Length': '1' } }, 'headers'],
    ['a crc64 that is none', { crc64: 'abc' }, 'crc64'],
  ])('with %s is a 400 that names the field', async (_name, change, field) => {
    const { status, headers, body } = await post({ ...good(), ...change })
    expect(status).toBe(400)
    expect(headers.get('content-type')).toMatch('application/problem+json')
    expect(body).toMatchObject({ code: 'invalid_request', status: 400 })
    expect(body.errors?.map((error) => error.path).join(' ')).toContain(field)
  })

  it('names every bad field at once', async () => {
    const { body } = await post({ ...good(), partSize: 1, priority: 1000, target: { bucket, key: '' } })
    expect(body.errors?.map((error) => error.path).sort()).toEqual(['partSize', 'priority', 'target.key'])
  })

  it.each(['__proto__', 'constructor', 'prototype'])('with an own key %s is a 400', async (name) => {
    const { status, body } = await post(
      `{"source":{"path":"/a"},"target":{"bucket":"bucket","key":"k"},"${name}":{"x":1}}`,
    )
    expect(status).toBe(400)
    expect(body.code).toBe('invalid_request')
  })

  it('that is no JSON is a 400, of another type a 415, over 1 MiB a 413', async () => {
    expect((await post('{')).status).toBe(400)
    expect((await daemon.request('POST', '/v1/jobs', 'a=b', { 'content-type': 'text/plain' })).status).toBe(415)
    const large = await post({ ...good(), labels: { a: 'x'.repeat(1024 * 1024) } })
    expect(large.status).toBe(413)
    expect(large.headers.get('content-type')).toMatch('application/problem+json')
  })
})

describe('a source that cannot be read', () => {
  const refusal = async (name: string): Promise<string> => {
    const sourcePath = name.startsWith('/') ? name : `${world.sources}/${name}`
    const { status, body } = await post({ source: { path: sourcePath }, target: { bucket, key: 'refused' } })
    expect([status, body.code]).toEqual([422, 'source_unavailable'])
    return body.detail
  }

  it('below a root is a 422 that says why, with the path, and never a hang', async () => {
    await mkdir(join(world.sources, 'directory'))
    execFileSync('mkfifo', [join(world.sources, 'fifo')])
    await symlink('dangling-end', join(world.sources, 'dangling'))
    for (const [name, reason] of [
      ['absent', 'absent'],
      ['directory', 'is a directory'],
      ['fifo', 'is not a regular file'],
      ['good.bin/x', `${path} is not a directory`],
      ['dangling', `absent: there is no ${world.sources}/dangling-end`],
    ] as const) {
      expect(await refusal(name)).toBe(`The source cannot be read: ${world.sources}/${name}: ${reason}`)
    }
  })

  it('outside the roots, or behind a link that leads there, is a 422 with one text for all', async () => {
    await symlink('/etc/hostname', join(world.sources, 'link-out'))
    await symlink('/etc/no-such-file', join(world.sources, 'link-to-nothing-out'))
    await symlink('/etc', join(world.sources, 'directory-out'))
    await writeFile(join(world.sources, '..', 'outside.bin'), 'secret')
    const below = ['link-out', 'link-to-nothing-out', 'directory-out', 'directory-out/hostname', 'directory-out/none']
    const names = [...below, '../outside.bin', '../absent.bin', '/etc/hostname', '/etc/no-such-file', '/nowhere/at/all']
    const details = await Promise.all(names.map(refusal))
    expect(new Set(details)).toEqual(
      new Set([
        'The source is not a readable regular file below the source roots of this daemon (LONGSHORE_SOURCE_ROOTS)',
      ]),
    )
  })

  it('of a batch says why as well: the directory of a walk, and each file of a list', async () => {
    const batch = (source: object) => daemon.request<Problem>('POST', '/v1/batches', { source, target: { bucket } })
    expect((await batch({ dir: `${world.sources}/nowhere` })).body.detail).toBe(
      `The directory cannot be read: ${world.sources}/nowhere: absent`,
    )
    expect((await batch({ dir: path })).body.detail).toMatch(`${path}: is not a directory`)
    const outside = await Promise.all(['/etc', '/nowhere/at/all'].map((dir) => batch({ dir })))
    expect(new Set(outside.map(({ status, body }) => `${status} ${body.detail}`)).size).toBe(1)
    const files = [`${world.sources}/not-there`, '/etc/hostname', '/etc/no-such-file']
    const { id } = (
      await daemon.request<{ id: string }>('POST', '/v1/batches', { source: { files }, target: { bucket } })
    ).body
    await daemon.request('GET', `/v1/wait?batch=${id}&timeout=50s`)
    const { body: list } = await daemon.request<BatchView>('GET', `/v1/batches/${id}`)
    const messages = Object.fromEntries(list.walk.problems.map(({ path: file, message }) => [file, message]))
    expect(messages[files[0] ?? '']).toBe('The file cannot be read: absent')
    expect(messages['/etc/hostname']).toBe(messages['/etc/no-such-file'])
  })
})

describe('an unknown', () => {
  it('job is a 404, route a 404, method a 405', async () => {
    expect((await daemon.request<Problem>('GET', '/v1/jobs/nope')).body).toMatchObject({
      status: 404,
      code: 'job_not_found',
    })
    expect((await daemon.request<Problem>('POST', '/v1/jobs/nope/pause')).body.code).toBe('job_not_found')
    expect((await daemon.request<Problem>('GET', '/v1/nope')).body).toMatchObject({ status: 404, code: 'not_found' })
    expect((await daemon.request<Problem>('PUT', '/v1/jobs', {})).body).toMatchObject({
      status: 405,
      code: 'method_not_allowed',
    })
  })
})

describe('a target', () => {
  it('in a missing bucket fails the job with OSS’s request id', async () => {
    const { id } = await daemon.submit({ source: { path }, target: { bucket: 'no-such-bucket', key: 'k' } })
    const { error } = await daemon.settled(id)
    expect(error).toMatchObject({ code: 'no_such_bucket', ossCode: 'NoSuchBucket' })
    expect(error?.requestId).toMatch(/^[0-9A-F]{24}$/)
  })
})

describe('the log', () => {
  it('has one line for each refused source, with its path and the reason', async () => {
    daemon.kill('SIGTERM')
    const { stdout } = await daemon.exited
    const lines = stdout.split('\n').filter((line) => line.includes('"A source was refused"'))
    const refused = lines.map((line) => JSON.parse(line) as { level: string; path: string; reason: string })
    const reasonsOf = (source: string) => refused.filter((line) => line.path === source).map(({ reason }) => reason)
    expect(reasonsOf(`${world.sources}/absent`)).toEqual(['absent'])
    expect(reasonsOf(`${world.sources}/directory`)).toEqual(['is a directory'])
    expect(reasonsOf(`${world.sources}/not-there`)).toEqual(['absent'])
    expect(reasonsOf(`${world.sources}/nowhere`)).toEqual(['absent'])
    for (const outside of [`${world.sources}/link-out`, `${world.sources}/../outside.bin`, '/nowhere/at/all']) {
      expect(reasonsOf(outside).length).toBeGreaterThan(0)
      for (const reason of reasonsOf(outside)) expect(reason).toContain('outside the source roots')
    }
    expect(new Set(refused.map(({ level }) => level))).toEqual(new Set(['warn']))
  })
})
