import { afterEach, expect, it } from 'vitest'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, kib, path, setupEngine, target } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

const pauseMs = 10_000
const brokenWay = (): Failure =>
  new Failure('setup', "The endpoint's TLS certificate has expired.", { retryAfterMs: pauseMs })

it('lets a job wait for its endpoint after one request while a certificate is wrong, and go on when that is mended', async () => {
  engine = setupEngine()
  let broken = true
  const moments: number[] = []
  engine.oss.faults.before = () => {
    moments.push(engine.clock.monotonic())
    if (broken) throw brokenWay()
  }
  engine.files.write(path, Buffer.alloc(350 * kib, 1))
  engine.start()
  const { id } = await engine.submit()
  await engine.until(async () => (await engine.jobs.get(id)).waiting === 'endpoint')
  expect(await engine.jobs.get(id)).toMatchObject({ state: 'queued', attempts: 0, error: null })
  expect(moments).toHaveLength(1)

  await engine.clock.sleep(3_600_000)
  const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0))
  expect(gaps.length).toBeGreaterThan(60)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(pauseMs)
  expect(Math.min(...gaps.slice(10))).toBeGreaterThanOrEqual(30_000)
  const warnings = engine.logs.filter((line) => line.startsWith('warn') && line.includes('certificate has expired'))
  expect(warnings).toHaveLength(1)

  broken = false
  expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
})

it('does not ask what became of a Complete that never left', async () => {
  engine = setupEngine()
  let broken = true
  engine.oss.faults.before = ({ call }) => {
    if (broken && call === 'complete') throw brokenWay()
  }
  engine.files.write(path, Buffer.alloc(350 * kib, 1))
  engine.start()
  const { id } = await engine.submit()
  await engine.until(async () => (await engine.jobs.get(id)).waiting === 'endpoint')
  expect(engine.oss.calls.filter(({ call }) => call === 'head')).toHaveLength(0)
  broken = false
  expect(await engine.settled(id)).toMatchObject({ state: 'completed', target })
})
