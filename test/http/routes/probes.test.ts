import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/app-error.js'
import { createIntake } from '../../../src/engine/capacity/intake.js'
import { createDrain } from '../../../src/engine/use-cases/drain.js'
import { probeProblemSchema, probeSchema } from '../../../src/http/shapes/system.js'
import { createFakeWaits, createHarness, realClock } from '../harness.js'

const setup = ({
  check = async () => {},
  draining = false,
}: {
  check?: () => Promise<void>
  draining?: boolean
} = {}) => {
  const drain = createDrain({
    waits: createFakeWaits(),
    intake: createIntake(),
    board: { node: 'node', isAlone: () => true },
    clock: realClock,
  })
  if (draining) drain.close()
  return createHarness({
    store: { check },
    drain,
    // The patience of a probe is 5 s, but here it is over at once.
    clock: { ...realClock, sleep: (_ms, signal) => realClock.sleep(20, signal) },
  })
}

const failingWith = (code: 'storage_full' | 'storage_unavailable') => async () => {
  throw new AppError(code, 'No.')
}

describe.each(['/livez', '/readyz'])('%s', (url) => {
  it('answers 200 when all is well, without a token and uncached', async () => {
    const { app } = await setup()
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(probeSchema.strict().parse(answer.json()).checks).toMatchObject({ store: { ok: true } })
  })

  it('answers 503 with what failed when the store is down', async () => {
    const { app } = await setup({ check: failingWith('storage_unavailable') })
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(probeProblemSchema.strict().parse(answer.json())).toMatchObject({
      status: 503,
      code: 'storage_unavailable',
      checks: { store: { ok: false, code: 'storage_unavailable' } },
    })
  })

  it('answers 503 when the store is silent', async () => {
    const { app } = await setup({ check: () => new Promise(() => undefined) })
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(503)
    expect(answer.json().checks.store).toEqual({ ok: false, code: 'storage_unavailable' })
  })

  it('keeps unexpected texts of the store to itself', async () => {
    const { app } = await setup({ check: () => Promise.reject(new Error('SQLITE_IOERR at /secret/path')) })
    expect((await app.inject(url)).body).not.toContain('secret')
  })
})

describe('A daemon that drains or has a full disk', () => {
  it('is live but not ready', async () => {
    const { app } = await setup({ draining: true })
    expect((await app.inject('/livez')).statusCode).toBe(200)
    const ready = await app.inject('/readyz')
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toMatchObject({ code: 'draining', checks: { accepting: { ok: false }, store: { ok: true } } })
  })

  it('is not restarted for its full disk', async () => {
    const { app } = await setup({ check: failingWith('storage_full') })
    expect((await app.inject('/livez')).statusCode).toBe(200)
    const ready = await app.inject('/readyz')
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toMatchObject({ status: 503, title: 'Service Unavailable', code: 'storage_full' })
  })

  it('is not restarted for a lock that another process holds', async () => {
    const { app } = await setup({
      check: async () => {
        throw new AppError('storage_unavailable', 'No.', { momentary: true })
      },
    })
    expect((await app.inject('/livez')).statusCode).toBe(200)
    expect((await app.inject('/readyz')).statusCode).toBe(503)
  })
})
