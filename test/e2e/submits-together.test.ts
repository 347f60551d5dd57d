import { afterEach, describe, expect, it } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import { bucket, createWorld, type World } from './world.js'

let world: World
afterEach(() => world.end())

describe('submits that arrive together', () => {
  it('have answers of their own, and what got its 201 outlives a kill', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const path = await world.makeSource('a.bin', 10)
    const job = (key: string, source = path) => ({
      source: { path: source },
      target: { bucket, key },
      notBefore: '2100-01-01T00:00:00Z',
    })
    const submit = (body: object, key?: string) =>
      daemon.request<JobView & { code?: string }>(
        'POST',
        '/v1/jobs',
        body,
        key === undefined ? {} : { 'idempotency-key': key },
      )
    const known = await submit(job('known'), 'key')
    const wanted: readonly { body: object; key?: string; status: number; code: string | undefined }[] = [
      ...Array.from({ length: 6 }, (_, n) => ({ body: job(`fine-${n}`), status: 201, code: undefined })),
      { body: job('known'), status: 409, code: 'target_busy' },
      { body: job('known'), key: 'key', status: 201, code: undefined },
      { body: job('other'), key: 'key', status: 422, code: 'idempotency_mismatch' },
      { body: job('absent', `${path}.absent`), status: 422, code: 'source_unavailable' },
      { body: { ...job('odd'), parallel: 0 }, status: 400, code: 'invalid_request' },
      { body: job('last'), status: 201, code: undefined },
    ]
    const answers = await Promise.all(wanted.map(({ body, key }) => submit(body, key)))
    expect(answers.map(({ status, body }) => ({ status, code: body.code }))).toEqual(
      wanted.map(({ status, code }) => ({ status, code })),
    )
    expect(answers[7]?.body.id).toBe(known.body.id)

    daemon.kill('SIGKILL')
    await daemon.exited
    const next = await world.start()
    const made = answers.filter(({ status }) => status === 201).map(({ body }) => body)
    for (const { id, ...rest } of made) expect(await next.get(id)).toEqual({ id, ...rest })
    const { body: all } = await next.request<{ items: JobView[] }>('GET', '/v1/jobs')
    expect(all.items.map(({ id }) => id).sort()).toEqual([...new Set(made.map(({ id }) => id))].sort())
  })
})
