import { expect, it, onTestFinished, vi } from 'vitest'
import { createBandwidth } from '../../src/oss-emulator/bandwidth.js'
import { call, startTestEmulator } from './support.js'

const never = new AbortController().signal
const mib = 1024 * 1024

/**
 * Runs readers that take chunks as fast as they may, on a fake clock whose timers come up to `lateMs` late. It resolves
 * to bytes per second.
 */
const measure = async (readers: number, bytesPerSecond: number, lateMs: number): Promise<number> => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const forMs = 3000
  const startedAt = performance.now()
  const bandwidth = createBandwidth(bytesPerSecond, () => Math.ceil(performance.now() / lateMs) * lateMs)
  let bytes = 0
  const read = async (): Promise<void> => {
    while (performance.now() - startedAt < forMs) {
      await bandwidth.pass(65_536, never)
      bytes += 65_536
    }
  }
  const reading = Promise.all(Array.from({ length: readers }, read))
  await vi.advanceTimersByTimeAsync(2 * forMs)
  await reading
  return (bytes / forMs) * 1000
}

it.each([
  [1, 20 * mib, 1],
  [8, 20 * mib, 1],
  [4, 200 * mib, 3],
  [1, 20 * mib, 15],
])('%i readers together get %i bytes per second, though timers are up to %i ms late', async (readers, rate, lateMs) => {
  const measured = await measure(readers, rate, lateMs)
  expect(measured / rate).toBeGreaterThan(0.95)
  expect(measured / rate).toBeLessThan(1.05)
})

it('idle time is not saved up', async () => {
  let now = 0
  const bandwidth = createBandwidth(1000, () => now)
  await bandwidth.pass(1, never)
  now = 60_000
  let passed = false
  void bandwidth.pass(1000, never).then(() => {
    passed = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(passed).toBe(false)
  bandwidth.set(null)
  await new Promise((resolve) => setImmediate(resolve))
  expect(passed).toBe(true)
})

it('a new limit frees those who wait, and a client that hangs up waits no longer', async () => {
  const bandwidth = createBandwidth(1)
  const waiting = bandwidth.pass(1_000_000, never)
  bandwidth.set(null)
  await waiting
  bandwidth.set(1)
  const gone = new AbortController()
  const cut = bandwidth.pass(1_000_000, gone.signal)
  gone.abort()
  await cut
})

it('slows uploads down, and a traffic limit slows one request down', async () => {
  const emulator = await startTestEmulator({ bandwidth: 4 * mib })
  const timed = async (headers: Record<string, string> = {}): Promise<number> => {
    const startedAt = performance.now()
    await call(emulator, { method: 'PUT', key: 'key', body: Buffer.alloc(mib), headers })
    return performance.now() - startedAt
  }
  expect(await timed()).toBeGreaterThan(200)
  emulator.control.setBandwidth(null)
  expect(await timed({ 'x-oss-traffic-limit': String(4 * mib * 8) })).toBeGreaterThan(200)
})
