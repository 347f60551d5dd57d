import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import type { JobView } from '../../src/core/job-view.js'
import { bucket, createWorld, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

describe('a full queue', () => {
  it('refuses submits, answers repeats, lets a batch wait, and fills again as it empties', async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_MAX_QUEUED: '2' })
    const path = await world.makeSource('a.bin', 10)
    const job = (key: string) => ({
      source: { path },
      target: { bucket, key },
      notBefore: '2100-01-01T00:00:00Z',
    })
    const submit = (key: string) =>
      daemon.request<JobView & { code?: string }>('POST', '/v1/jobs', job(key), { 'idempotency-key': key })
    const first = await submit('one')
    expect([first.status, (await submit('two')).status]).toEqual([201, 201])

    const refused = await submit('three')
    expect([refused.status, refused.body.code]).toEqual([429, 'queue_full'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const repeated = await submit('one')
    expect([repeated.status, repeated.body.id]).toEqual([201, first.body.id])

    mkdirSync(join(world.sources, 'dir'))
    for (const name of ['x', 'y', 'z']) writeFileSync(join(world.sources, 'dir', name), name)
    const batch = await daemon.request<BatchView>('POST', '/v1/batches', {
      source: { dir: join(world.sources, 'dir') },
      target: { bucket, prefix: 'dir' },
    })
    expect(batch.status).toBe(201)
    const look = async () => (await daemon.request<BatchView>('GET', `/v1/batches/${batch.body.id}`)).body
    expect(await look()).toMatchObject({ state: 'scanning', totals: { jobs: 0 } })

    expect((await daemon.request('POST', `/v1/jobs/${first.body.id}/cancel`)).status).toBe(202)
    await until(async () => (await look()).state === 'completed')
    expect((await look()).totals).toMatchObject({ jobs: 3, completed: 3 })
    expect((await submit('three')).status).toBe(201)
  })
})
