import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import openDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import type { JobView } from '../../src/core/job-view.js'
import type { Fault } from '../../src/oss-emulator/fault.js'
import { failpointProgram } from './crash-cell.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

interface Page<T> {
  readonly items: readonly T[]
}

let world: World
afterEach(() => world.end())

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `f${String(i).padStart(3, '0')}`)

/** Makes small files, of which no two are alike, in a directory of their own. */
const makeFiles = (directory: string, count: number): readonly string[] => {
  const path = join(world.sources, directory)
  mkdirSync(path)
  const made = names(count)
  for (const [i, name] of made.entries()) writeFileSync(join(path, name), `${directory} ${name} `.repeat(1 + i * 37))
  return made
}

const submit = async (daemon: DaemonProcess, directory: string, more: object = {}): Promise<string> => {
  const request = { source: { dir: join(world.sources, directory) }, target: { bucket, prefix: directory }, ...more }
  const { status, body } = await daemon.request<BatchView>('POST', '/v1/batches', request)
  expect(status).toBe(201)
  return body.id
}

const batchOf = async (daemon: DaemonProcess, id: string): Promise<BatchView> =>
  (await daemon.request<BatchView>('GET', `/v1/batches/${id}`)).body

const over = async (daemon: DaemonProcess, id: string): Promise<BatchView> => {
  await until(async () => !['scanning', 'running'].includes((await batchOf(daemon, id)).state))
  return batchOf(daemon, id)
}

const jobsOf = async (daemon: DaemonProcess, id: string): Promise<ReadonlyMap<string, JobView>> => {
  const { body } = await daemon.request<Page<JobView>>('GET', `/v1/jobs?batch=${id}&limit=200`)
  return new Map(body.items.map((job) => [job.target.key.slice(job.target.key.lastIndexOf('/') + 1), job]))
}

/** Checks that OSS holds exactly the files of the directory. */
const allArrived = async (directory: string, files: readonly string[]): Promise<void> => {
  for (const name of files) {
    const sha256 = await sha256Of(join(world.sources, directory, name))
    expect(await world.objectSha256(`${directory}/${name}`), name).toBe(sha256)
  }
}

const putsOf = (key: string) =>
  world.control.ledger().entries.filter((entry) => entry.operation === 'PutObject' && entry.key === key)

const count = 24
const places = { first: 'f000', middle: 'f012', last: 'f023' } as const

const faults: Readonly<Record<string, Fault>> = {
  'a 500': { kind: 'status', status: 500 },
  'a 503 with Retry-After': { kind: 'status', status: 503, headers: { 'retry-after': '1' } },
  'a reset before the body': { kind: 'reset', at: 'before-body' },
  'a reset in the body': { kind: 'reset', at: 'mid-body' },
  'a lost answer': { kind: 'lost-answer' },
  'an answer without a CRC-64': { kind: 'answer', change: 'no-crc' },
  'a wrong CRC-64': { kind: 'answer', change: 'wrong-crc' },
  'an answer without an ETag': { kind: 'answer', change: 'no-etag' },
  'an error with the status 200': { kind: 'answer', change: 'error-200' },
  'a flipped bit': { kind: 'corrupt' },
  'an expired token': { kind: 'expired-token' },
}

describe('small files that are sent together', () => {
  it('arrive, each once, whatever one of them meets, be it the first, one in the middle or the last', {
    timeout: 180_000,
  }, async () => {
    world = await createWorld()
    const daemon = await world.start()
    for (const [index, fault] of Object.values(faults).entries()) {
      for (const [place, name] of Object.entries(places)) {
        const directory = `${place}${index}`
        const files = makeFiles(directory, count)
        world.control.clearFaults()
        world.control.addFaults([{ operation: 'PutObject', bucket, key: `${directory}/${name}`, fault }])
        const batch = await over(daemon, await submit(daemon, directory))
        expect([batch.state, batch.totals.completed], `${Object.keys(faults)[index]} of the ${place}`).toEqual([
          'completed',
          count,
        ])
        await allArrived(directory, files)
        for (const other of files.filter((one) => one !== name)) {
          expect(putsOf(`${directory}/${other}`), `${directory}/${other}`).toHaveLength(1)
        }
      }
    }
  })

  it('tell of each what they tell of a file alone: queued, running, completed, with a receipt', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const files = makeFiles('told', 10)
    const id = await submit(daemon, 'told', { headers: { 'x-oss-meta-a': 'b', 'cache-control': 'no-store' } })
    await over(daemon, id)
    const database = openDatabase(join(world.dataDir, 'longshore.db'), { readonly: true })
    const types = database.prepare('SELECT type FROM events WHERE job_id = ? ORDER BY n').pluck()
    const typesOf = (jobId: string): unknown => types.all(jobId)
    for (const [name, job] of await jobsOf(daemon, id)) {
      expect(typesOf(job.id), name).toEqual(['job.queued', 'job.running', 'job.completed'])
      expect(job, name).toMatchObject({ state: 'completed', runs: 1, attempts: 0, receipt: { proof: 'object' } })
      const [put] = putsOf(job.target.key)
      expect(put?.status).toBe(200)
    }
    database.close()
    expect((await jobsOf(daemon, id)).size).toBe(files.length)
  })

  it('end as they do alone when they change, vanish or become links before their turn', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const files = makeFiles('moving', count)
    const path = (name: string): string => join(world.sources, 'moving', name)
    const notBefore = new Date(Date.now() + 10_000).toISOString()
    const id = await submit(daemon, 'moving', { notBefore })
    await until(async () => (await batchOf(daemon, id)).walk.done)
    writeFileSync(path('f003'), 'other bytes')
    rmSync(path('f005'))
    writeFileSync(path('new'), 'another file')
    renameSync(path('new'), path('f007'))
    rmSync(path('f009'))
    symlinkSync('/etc/hostname', path('f009'))
    rmSync(path('f011'))
    symlinkSync(path('f012'), path('f011'))
    const batch = await over(daemon, id)
    expect(batch.totals).toMatchObject({ completed: count - 5, failed: 5 })
    const jobs = await jobsOf(daemon, id)
    const codeOf = (name: string) => jobs.get(name)?.error?.code
    expect(['f003', 'f005', 'f007', 'f009', 'f011'].map(codeOf)).toEqual([
      'source_changed',
      'source_missing',
      'source_changed',
      'source_unreadable',
      'source_changed',
    ])
    const unharmed = files.filter((name) => jobs.get(name)?.state === 'completed')
    expect(unharmed).toHaveLength(count - 5)
    await allArrived('moving', unharmed)
    expect(await world.objectSha256('moving/f009')).toBeNull()
  })

  it.each(['pause', 'cancel'])('are left alone by their turn when their batch is to %s', async (verb) => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_CONCURRENCY: '1' })
    makeFiles('steered', count)
    world.control.addFaults([{ operation: 'PutObject', bucket, times: null, fault: { kind: 'delay', ms: 300 } }])
    const id = await submit(daemon, 'steered')
    await until(async () => (await batchOf(daemon, id)).totals.completed > 0)
    await daemon.request('POST', `/v1/batches/${id}/${verb}`)
    const states = async () => [...(await jobsOf(daemon, id)).values()].map(({ state }) => state)
    const end = verb === 'pause' ? 'paused' : 'cancelled'
    await until(async () => (await states()).every((state) => state === 'completed' || state === end))
    expect((await states()).filter((state) => state === end).length).toBeGreaterThan(count / 2)
    for (const [, job] of await jobsOf(daemon, id)) {
      if (job.state === end) expect(putsOf(job.target.key).length, job.target.key).toBeLessThanOrEqual(1)
    }
    if (verb === 'cancel') return
    world.control.clearFaults()
    await daemon.request('POST', `/v1/batches/${id}/resume`)
    expect((await over(daemon, id)).totals.completed).toBe(count)
  })

  const moments = ['target.putFiles', 'store.finishPuts', 'store.claim', 'sqlite.commit']
  const kills = moments.flatMap((moment) => ['before', 'after'].map((side) => `${moment}:${side}`))
  it.each(kills)('lose nothing and end once when the daemon is killed %s', { timeout: 60_000 }, async (moment) => {
    world = await createWorld()
    const files = makeFiles('killed', 60)
    const settings = { LONGSHORE_CONCURRENCY: '4', FAILPOINT: `${moment}@4` }
    const doomed = await world.start(settings, { program: failpointProgram })
    const ids: string[] = []
    try {
      ids.push(await submit(doomed, 'killed'))
    } catch (error) {
      // The moment came while the batch was submitted.
      expect(String(error)).toMatch(/fetch failed|terminated/)
    }
    await doomed.exited
    const daemon = await world.start()
    if (ids[0] === undefined) ids.push(await submit(daemon, 'killed'))
    const batch = await over(daemon, ids[0] as string)
    expect(batch.totals).toMatchObject({ completed: 60, failed: 0 })
    await allArrived('killed', files)
    const database = openDatabase(join(world.dataDir, 'longshore.db'), { readonly: true })
    const ends = database.prepare("SELECT job_id FROM events WHERE type = 'job.completed' AND batch_id = ?").pluck()
    expect(new Set(ends.all(ids[0])).size).toBe(60)
    expect(ends.all(ids[0])).toHaveLength(60)
    database.close()
    const sent = files.reduce((sum, name) => sum + putsOf(`killed/${name}`).length, 0)
    expect(sent).toBeLessThanOrEqual(60 + 4 * 4)
  })

  it('hold to a limit of bandwidth, and go by themselves while there is one', async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_BANDWIDTH: '40KiB' })
    mkdirSync(join(world.sources, 'paced'))
    for (let i = 0; i < 10; i++) writeFileSync(join(world.sources, 'paced', `f${i}`), Buffer.alloc(12_000, i))
    const began = performance.now()
    const id = await submit(daemon, 'paced')
    expect((await over(daemon, id)).totals.completed).toBe(10)
    // 120,000 bytes at 40 KiB a second take nearly three seconds.
    expect(performance.now() - began).toBeGreaterThan(2_000)
    await rm(join(world.sources, 'paced'), { recursive: true })
  })
})
