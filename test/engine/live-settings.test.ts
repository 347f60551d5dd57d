import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/core/caller.js'
import { createLiveSettings } from '../../src/engine/use-cases/live-settings.js'
import type { SettingsStore } from '../../src/ports/settings-store.js'
import { createMemorySettings } from '../fakes/memory-settings.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'

const mib = 1024 * 1024
const minute = 60_000
const ops: Caller = { name: 'ops', roots: null, targets: null }

const setup = async (options: { bandwidth?: string; stored?: Record<string, string>; at?: number } = {}) => {
  const clock = createVirtualClock(options.at ?? 0)
  const memory = createMemorySettings()
  memory.store(options.stored ?? {}, null)
  const store: SettingsStore = {
    storedSettings: async () => memory.stored(),
    storeSettings: async (...args) => memory.store(...args),
  }
  const rates: (number | null)[] = []
  const concurrencies: number[] = []
  const logs: object[] = []
  const ignore = (): void => {}
  const settings = createLiveSettings({
    store,
    environment: { concurrency: 16, bandwidth: options.bandwidth ?? 'off' },
    pacer: { limit: (rate) => void rates.push(rate) },
    onConcurrency: (concurrency) => void concurrencies.push(concurrency),
    clock,
    minuteOf: (at) => Math.floor(at / minute) % 1440,
    logger: {
      debug: ignore,
      info: (fields) => void logs.push(fields),
      warn: ignore,
      error: ignore,
      child: () => {
        throw new Error('not needed')
      },
    },
  })
  await settings.open()
  settings.start()
  const end = async (): Promise<void> => {
    await settings.stop()
    clock.stop()
  }
  return { settings, memory, rates, concurrencies, logs, clock, end }
}

describe('The live settings', () => {
  it('are those of the environment until something is stored', async () => {
    const { settings, rates, concurrencies, end } = await setup({ bandwidth: '5MiB' })
    expect(settings.view()).toEqual({
      concurrency: 16,
      bandwidth: '5MiB',
      bytesPerSecond: 5 * mib,
      origins: { concurrency: 'environment', bandwidth: 'environment' },
      environment: { concurrency: 16, bandwidth: '5MiB' },
    })
    expect([rates, concurrencies]).toEqual([[5 * mib], [16]])
    await end()
  })

  it('are in force at once when they are changed, and null goes back', async () => {
    const { settings, memory, rates, concurrencies, logs, end } = await setup()
    const view = await settings.change({ concurrency: 3, bandwidth: '1MiB' }, ops)
    expect(view).toMatchObject({ concurrency: 3, bandwidth: '1MiB', bytesPerSecond: mib })
    expect(view.origins).toEqual({ concurrency: 'stored', bandwidth: 'stored' })
    expect(settings.concurrency()).toBe(3)
    expect(memory.stored()).toEqual({ concurrency: '3', bandwidth: '1MiB' })
    expect(logs).toContainEqual({ by: 'ops', concurrency: 3, bandwidth: '1MiB' })

    expect(await settings.change({ bandwidth: null }, ops)).toMatchObject({ bandwidth: 'off', bytesPerSecond: null })
    expect(await settings.change({}, ops)).toMatchObject({ concurrency: 3 })
    expect(rates).toEqual([null, mib, null])
    expect(concurrencies.at(-1)).toBe(3)
    await end()
  })

  it('are what was stored after a restart, and what nobody can read is left out', async () => {
    const stored = { concurrency: '5000', bandwidth: '2MiB', colour: 'red' }
    const { settings, end } = await setup({ stored })
    expect(settings.view()).toMatchObject({ concurrency: 16, bandwidth: '2MiB', bytesPerSecond: 2 * mib })
    await end()
  })

  it('follow a timetable by the wall clock, whichever way it is set', async () => {
    const { settings, rates, clock, end } = await setup({ bandwidth: '08:00,1MiB 19:00,off', at: 7 * 60 * minute })
    expect(settings.view().bytesPerSecond).toBeNull()
    await clock.sleep(61 * minute)
    expect(rates).toEqual([null, mib])
    await clock.sleep(11 * 60 * minute)
    expect(rates).toEqual([null, mib, null])
    await end()
  })
})
