import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody, type Caller } from '../../src/core/caller.js'
import type { Verb } from '../../src/core/verb.js'
import { type EngineSetup, path, setupEngine, target } from './engine-setup.js'

let engine: EngineSetup

afterEach(() => engine.end())

const setup = (): EngineSetup => {
  engine = setupEngine()
  engine.files.write(path, randomBytes(100))
  engine.files.write('/elsewhere/file', randomBytes(100))
  return engine
}

const toTargets: Caller = { name: 'bound', roots: null, targets: [{ bucket: 'bucket', prefix: 'mine/' }] }
const toRoots: Caller = { name: 'bound', roots: ['/src'], targets: null }
const mine = { source: { path }, target: { bucket: 'bucket', key: 'mine/a' } }
const other = { source: { path }, target }

describe('A caller who is bound', () => {
  it('to targets submits to those alone', async () => {
    const { jobs } = setup()
    await expect(jobs.submit(other, null, toTargets)).rejects.toMatchObject({ code: 'target_not_allowed' })
    expect((await jobs.submit(mine, null, toTargets)).job.state).toBe('queued')
  })

  it('learns nothing from the idempotency key of another', async () => {
    const { jobs } = setup()
    await jobs.submit(other, { key: 'k', fingerprint: 'f' }, anybody)
    const again = jobs.submit(other, { key: 'k', fingerprint: 'f' }, toTargets)
    await expect(again).rejects.toMatchObject({ code: 'target_not_allowed' })
  })

  it('to roots submits what lies below them alone, now and when the job runs', async () => {
    const { jobs, store } = setup()
    const outside = jobs.submit({ ...other, source: { path: '/elsewhere/file' } }, null, toRoots)
    await expect(outside).rejects.toMatchObject({ code: 'source_unavailable' })
    const { job } = await jobs.submit(other, null, toRoots)
    expect((await store.get(job.id))?.options.roots).toEqual(['/src'])
    engine.files.link(path, '/elsewhere/file')
    engine.start()
    expect(await engine.settled(job.id)).toMatchObject({ state: 'failed', error: { code: 'source_unreadable' } })
  })

  it.each(['pause', 'resume', 'cancel', 'retry'] satisfies Verb[])('is refused to %s a job of others', async (verb) => {
    const { jobs } = setup()
    const { job } = await jobs.submit(other, null, anybody)
    for (const caller of [toTargets, toRoots]) {
      await expect(jobs.control(job.id, verb, caller)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(jobs.remove(job.id, caller)).rejects.toMatchObject({ code: 'forbidden' })
    }
    expect((await jobs.get(job.id)).state).toBe('queued')
  })

  it('steers jobs of its own', async () => {
    const { jobs } = setup()
    const { job: first } = await jobs.submit(mine, null, toTargets)
    expect((await jobs.control(first.id, 'pause', toTargets)).state).toBe('paused')
    const { job: second } = await jobs.submit(other, null, toRoots)
    expect((await jobs.control(second.id, 'pause', toRoots)).state).toBe('paused')
    await expect(jobs.control('nope', 'pause', toRoots)).rejects.toMatchObject({ code: 'job_not_found' })
  })
})
