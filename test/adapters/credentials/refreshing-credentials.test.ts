import { afterEach, describe, expect, it } from 'vitest'
import { type FetchedKeys, type KeySource, noKeys } from '../../../src/adapters/credentials/key-source.js'
import { createRefreshingCredentials } from '../../../src/adapters/credentials/refreshing-credentials.js'
import { createLocalWakeup } from '../../../src/adapters/wakeup/local-wakeup.js'
import { Failure } from '../../../src/core/failure.js'
import { createManualClock } from '../../fakes/manual-clock.js'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

const patient = new AbortController().signal

/**
 * Returns credentials over a source that the test controls: every fetch brings new keys, unless the test says
 * otherwise.
 */
const setup = async (
  options: { lifetimeMs?: number | null; recheckMs?: number | null; random?: number; failure?: unknown } = {},
) => {
  const clock = createManualClock()
  const wakeup = createLocalWakeup()
  const logs: string[] = []
  const write =
    (level: string) =>
    (fields: object, message: string): void =>
      void logs.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  }
  let hints = 0
  wakeup.subscribe('jobs', () => {
    hints++
  })
  const state = {
    fetchedAt: [] as number[],
    generation: 0,
    changes: true,
    failure: options.failure ?? null,
    /** When it is set, fetches hang until it is called. */
    gate: null as Promise<void> | null,
    lifetimeMs: options.lifetimeMs === undefined ? hour : options.lifetimeMs,
  }
  const source: KeySource = {
    name: 'the test',
    recheckMs: options.recheckMs ?? null,
    async fetchKeys(): Promise<FetchedKeys> {
      state.fetchedAt.push(clock.monotonic())
      if (state.gate !== null) await state.gate
      if (state.failure !== null) throw state.failure
      if (state.changes || state.generation === 0) state.generation++
      const { generation, lifetimeMs } = state
      return {
        accessKeyId: `id-${generation}`,
        accessKeySecret: `canary-secret-${generation}`,
        securityToken: `canary-token-${generation}`,
        temporary: true,
        expiresAt: lifetimeMs === null ? null : clock.now() + lifetimeMs,
      }
    },
  }
  const credentials = createRefreshingCredentials({
    source,
    clock,
    random: () => options.random ?? 0,
    wakeup,
    logger,
  })
  endings.push(credentials.close)
  await clock.advance(0)
  const idNow = (): string => credentials.current().accessKeyId
  const fetches = (): number => state.fetchedAt.length
  return { clock, credentials, state, idNow, fetches, logs, hints: () => hints }
}

const kindOf = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error instanceof Failure ? error.kind : error
  }
}

describe('keys that expire', () => {
  it('are fetched at once and again ahead of their expiry, and whoever waits for keys is told', async () => {
    const { clock, idNow, fetches, hints } = await setup({ lifetimeMs: hour })
    expect(idNow()).toBe('id-1')
    await clock.advance(49 * minute)
    expect(fetches()).toBe(1)
    await clock.advance(2 * minute)
    expect(idNow()).toBe('id-2')
    expect(hints()).toBe(2)
  })

  it.each([
    [0, 50 * minute],
    [0.999, 45 * minute],
  ])('are fetched at a time of chance, so that many daemons do not ask at once (%d)', async (random, earliest) => {
    const { clock, state } = await setup({ lifetimeMs: hour, random })
    await clock.advance(hour)
    expect(Math.abs((state.fetchedAt[1] ?? 0) - earliest)).toBeLessThan(second)
  })

  it('live their life when it is shorter than the lead of long ones', async () => {
    const { clock, fetches } = await setup({ lifetimeMs: 14 * minute })
    await clock.advance(9 * minute)
    expect(fetches()).toBe(1)
    await clock.advance(minute)
    expect(fetches()).toBe(2)
  })

  it('stay the same object while a fetch brings nothing new', async () => {
    const { clock, credentials, state, hints } = await setup()
    const before = credentials.current()
    state.changes = false
    await clock.advance(hour)
    expect(state.fetchedAt.length).toBeGreaterThan(1)
    expect(credentials.current()).toBe(before)
    expect(hints()).toBe(1)
  })

  it('are not asked for over and over when their issuer is late or a clock is wrong', async () => {
    const { clock, fetches, credentials } = await setup({ lifetimeMs: -hour })
    await clock.advance(10 * minute)
    expect(fetches()).toBeLessThan(50)
    expect(credentials.areAtHand()).toBe(true)
  })

  it('are not hurried or stalled by a wall clock that jumps', async () => {
    for (const jump of [-hour, hour]) {
      const { clock, fetches, idNow } = await setup({ lifetimeMs: hour })
      await clock.advance(10 * minute)
      clock.jump(jump)
      expect(idNow()).toBe('id-1')
      await clock.advance(39 * minute)
      expect(fetches()).toBe(1)
      await clock.advance(2 * minute)
      expect(fetches()).toBe(2)
    }
  })
})

describe('keys without an expiry', () => {
  it('are looked for as often as their source says', async () => {
    const { clock, fetches } = await setup({ lifetimeMs: null, recheckMs: 5 * second })
    await clock.advance(60 * second)
    expect(fetches()).toBe(13)
  })

  it('are left alone when their source has no others', async () => {
    const { clock, fetches } = await setup({ lifetimeMs: null })
    await clock.advance(24 * hour)
    expect(fetches()).toBe(1)
  })
})

describe('a source that fails', () => {
  it('leaves the old keys in use, is warned about once, and asked more and more slowly', async () => {
    const { clock, state, idNow, fetches, logs } = await setup()
    state.failure = noKeys('nothing there')
    await clock.advance(50 * minute + 10 * minute)
    expect(idNow()).toBe('id-1')
    const asked = fetches()
    expect(asked).toBeGreaterThan(5)
    expect(asked).toBeLessThan(50)
    expect(logs.filter((line) => line.startsWith('warn'))).toHaveLength(1)
    state.failure = null
    await clock.advance(minute)
    expect(idNow()).toBe('id-2')
    expect(logs.at(-2)).toContain('are available again')
  })

  it('has no keys to begin with, and the daemon is told as soon as it has', async () => {
    const { clock, credentials, state, idNow, hints, logs } = await setup({ failure: noKeys('nothing there') })
    expect(credentials.areAtHand()).toBe(false)
    expect(kindOf(() => credentials.current())).toBe('credentials')
    expect(hints()).toBe(0)
    await clock.advance(10 * minute)
    expect(logs.filter((line) => line.startsWith('warn'))).toHaveLength(1)
    state.failure = null
    await clock.advance(minute)
    expect(idNow()).toBe('id-1')
    expect(hints()).toBe(1)
  })

  it('says nothing of an error that is not its own, for it may hold secrets', async () => {
    const { clock, state, logs } = await setup()
    state.failure = new Error('the answer was {"AccessKeySecret":"canary-secret"}')
    await clock.advance(hour)
    expect(logs.some((line) => line.startsWith('warn'))).toBe(true)
    expect(logs.join()).not.toContain('canary')
  })

  it('that hangs is given up, and asked again', async () => {
    const { clock, state, fetches, idNow } = await setup()
    state.gate = new Promise(() => {})
    await clock.advance(50 * minute + 20 * second)
    expect(fetches()).toBe(2)
    state.gate = null
    await clock.advance(minute)
    expect(fetches()).toBe(3)
    expect(idNow()).toBe('id-2')
  })
})

describe('keys that OSS refuses', () => {
  it('are renewed by one fetch for all who ask at the same time', async () => {
    const { credentials, fetches, idNow } = await setup()
    const refused = credentials.current()
    const renewals = await Promise.all(Array.from({ length: 8 }, () => credentials.renew(refused, patient)))
    expect(renewals).toEqual(Array.from({ length: 8 }, () => true))
    expect(fetches()).toBe(2)
    expect(idNow()).toBe('id-2')
  })

  it('cost no fetch when others are there already', async () => {
    const { credentials, fetches } = await setup()
    const refused = credentials.current()
    await credentials.renew(refused, patient)
    expect(await credentials.renew(refused, patient)).toBe(true)
    expect(fetches()).toBe(2)
  })

  it('are held back while there are no others, and the next ones go at once', async () => {
    const { clock, credentials, state, idNow, hints, logs } = await setup()
    state.changes = false
    expect(await credentials.renew(credentials.current(), patient)).toBe(false)
    expect(credentials.areAtHand()).toBe(false)
    expect(kindOf(() => credentials.current())).toBe('credentials')
    expect(logs.filter((line) => line.startsWith('warn'))).toHaveLength(1)
    const before = hints()
    state.changes = true
    await clock.advance(minute)
    expect(credentials.areAtHand()).toBe(true)
    expect(idNow()).toBe('id-2')
    expect(hints()).toBe(before + 1)
  })

  it('are held back when the source fails, too', async () => {
    const { credentials, state } = await setup()
    state.failure = noKeys('down')
    expect(await credentials.renew(credentials.current(), patient)).toBe(false)
    expect(credentials.areAtHand()).toBe(false)
  })

  it('are tried again within seconds, in case OSS erred, and whoever waits is told', async () => {
    const { clock, credentials, state, hints } = await setup()
    state.changes = false
    await credentials.renew(credentials.current(), patient)
    const before = hints()
    await clock.advance(second)
    expect(credentials.areAtHand()).toBe(false)
    await clock.advance(1.5 * second)
    expect(credentials.areAtHand()).toBe(true)
    expect(hints()).toBe(before + 1)
  })

  it('are tried more and more seldom while OSS goes on refusing them, at the least every five minutes', async () => {
    const { clock, credentials, state } = await setup({ lifetimeMs: 100 * hour })
    state.changes = false
    const tries: number[] = []
    for (let elapsed = 0; elapsed < 2 * hour; elapsed += second) {
      if (credentials.areAtHand()) {
        tries.push(clock.monotonic())
        // All requests that were under way are refused together, which counts once.
        const refused = credentials.current()
        await Promise.all([credentials.renew(refused, patient), credentials.renew(refused, patient)])
        await credentials.renew(refused, patient)
      }
      await clock.advance(second)
    }
    const pauses = tries.slice(1).map((at, index) => (at - (tries[index] ?? 0)) / second)
    expect(pauses.slice(0, 9)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300])
    expect(new Set(pauses.slice(9))).toEqual(new Set([300]))
  })

  it('are not tried again soon once they have expired, whatever a late answer says', async () => {
    const { clock, credentials, state } = await setup({ lifetimeMs: 4 * second })
    const keys = credentials.current()
    state.failure = noKeys('down')
    await clock.advance(5 * second)
    expect(await credentials.renew(keys, patient)).toBe(false)
    await clock.advance(minute)
    credentials.accepted(keys)
    expect(credentials.areAtHand()).toBe(false)
    await clock.advance(4 * minute)
    expect(credentials.areAtHand()).toBe(true)
  })

  it('go on at once when a good answer shows that OSS takes them', async () => {
    const { credentials, state, hints } = await setup()
    state.changes = false
    const keys = credentials.current()
    await credentials.renew(keys, patient)
    expect(credentials.areAtHand()).toBe(false)
    const before = hints()
    credentials.accepted({ ...keys })
    expect(credentials.areAtHand()).toBe(false)
    credentials.accepted(keys)
    expect(credentials.areAtHand()).toBe(true)
    expect(hints()).toBe(before + 1)
  })

  it('are held back for seconds again after OSS took them in between', async () => {
    const { clock, credentials, state } = await setup({ lifetimeMs: 100 * hour })
    state.changes = false
    for (let round = 0; round < 6; round++) {
      await credentials.renew(credentials.current(), patient)
      expect(credentials.areAtHand()).toBe(false)
      await clock.advance(2 * second)
      credentials.accepted(credentials.current())
    }
  })

  it('again and again make the source be asked about twice a minute in the end', async () => {
    const { clock, credentials, state } = await setup()
    const asked = () => state.fetchedAt.length
    for (let elapsed = 0; elapsed < 10 * minute; elapsed += 500) {
      if (credentials.areAtHand()) await credentials.renew(credentials.current(), patient)
      await clock.advance(500)
    }
    const sofar = asked()
    for (let elapsed = 0; elapsed < 10 * minute; elapsed += 500) {
      if (credentials.areAtHand()) await credentials.renew(credentials.current(), patient)
      await clock.advance(500)
    }
    // A pause is at least half as long as it may be: 15 s.
    expect(asked() - sofar).toBeLessThanOrEqual(41)
    expect(sofar).toBeLessThan(60)
  })

  it('do not keep a caller who gives up, while the fetch goes on for the others', async () => {
    const { clock, credentials, state } = await setup()
    let open = (): void => {}
    state.gate = new Promise((resolve) => {
      open = resolve
    })
    const refused = credentials.current()
    const controller = new AbortController()
    const given = credentials.renew(refused, controller.signal)
    const waiting = credentials.renew(refused, patient)
    controller.abort(new Error('given up'))
    await expect(given).rejects.toThrow('given up')
    open()
    await clock.advance(0)
    expect(await waiting).toBe(true)
  })
})

it('fetches nothing any more once it is closed', async () => {
  const { clock, credentials, fetches } = await setup()
  credentials.close()
  await clock.advance(24 * hour)
  expect(fetches()).toBe(1)
})
