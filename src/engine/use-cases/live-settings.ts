import { type Bandwidth, parseBandwidth, type Rate, rateAt, unlimited } from '../../core/bandwidth.js'
import type { Caller } from '../../core/caller.js'
import { type LiveChanges, type LiveValues, readLiveValues } from '../../core/settings.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { Pacer } from '../../ports/pacer.js'
import type { SettingsStore, StoredSettings } from '../../ports/settings-store.js'
import { createAgent } from '../async/agent.js'

/** Where a value of a setting comes from. */
export type Origin = 'environment' | 'stored'

export interface SettingsView extends LiveValues {
  /** What the bandwidth allows at this moment. */
  readonly bytesPerSecond: Rate
  readonly origins: Readonly<Record<keyof LiveValues, Origin>>
  /** What null goes back to. */
  readonly environment: LiveValues
}

/**
 * Settings that can be changed while the daemon runs. What was changed is stored, and wins over the environment from then
 * on.
 */
export interface LiveSettings {
  view(): SettingsView
  /** Stores the changes and then puts them in force, for what is in flight too. */
  change(changes: LiveChanges, caller: Caller): Promise<SettingsView>
  /** Returns how many parts and puts may be in flight now. */
  concurrency(): number
  /** Puts in force what is stored now, which another node may have changed. */
  follow(settings: StoredSettings): void
  /** Reads what is stored. Until then the values of the environment hold. Throws what the store throws. */
  open(): Promise<void>
  /** Puts everything in force, and follows the timetable. */
  start(): void
  /** Idempotent. */
  stop(): Promise<void>
}

interface Deps {
  readonly store: SettingsStore
  readonly environment: LiveValues
  readonly pacer: Pick<Pacer, 'limit'>
  readonly onConcurrency: (concurrency: number) => void
  readonly clock: Clock
  /** Returns the minute of the local day, 0..1439, of an instant. */
  readonly minuteOf: (at: number) => number
  readonly logger: Logger
}

const minuteMs = 60_000
/** The timetable is looked at so often, because the wall clock may be set meanwhile. */
const longestLookMs = 15_000

export const createLiveSettings = (deps: Deps): LiveSettings => {
  const { store, environment, clock, logger } = deps
  let stored: Partial<LiveValues> = {}
  let inForce: Rate | undefined

  const values = (): LiveValues => ({ ...environment, ...stored })
  const bandwidth = (): Bandwidth => parseBandwidth(values().bandwidth) ?? unlimited
  const rate = (): Rate => rateAt(bandwidth(), deps.minuteOf(clock.now()))
  const originOf = (name: keyof LiveValues): Origin => (stored[name] === undefined ? 'environment' : 'stored')

  const view = (): SettingsView => ({
    ...values(),
    bytesPerSecond: rate(),
    origins: { concurrency: originOf('concurrency'), bandwidth: originOf('bandwidth') },
    environment,
  })

  const enforceRate = (): void => {
    const now = rate()
    if (now === inForce) return
    if (now !== null || inForce !== undefined)
      logger.info({ bytesPerSecond: now }, 'This bandwidth is in force from now on')
    inForce = now
    deps.pacer.limit(now)
  }

  const enforce = (): void => {
    deps.onConcurrency(values().concurrency)
    enforceRate()
  }

  /** The wall clock decides which row of the timetable holds. It decides nothing else here. */
  const timetable = createAgent({
    name: 'timetable',
    clock,
    logger,
    backoff: { firstMs: longestLookMs, longestMs: longestLookMs },
    async round() {
      enforceRate()
      return Math.min(minuteMs - (clock.now() % minuteMs), longestLookMs)
    },
  })

  return {
    view,
    async change(changes, caller) {
      const given = Object.entries(changes).filter(([, value]) => value !== undefined)
      if (given.length === 0) return view()
      const texts = given.map(([name, value]) => [name, value === null ? null : String(value)])
      stored = readLiveValues(await store.storeSettings(Object.fromEntries(texts), caller.name))
      logger.info({ by: caller.name, ...Object.fromEntries(given) }, 'Settings were changed')
      enforce()
      return view()
    },
    concurrency: () => values().concurrency,
    follow(settings) {
      const before = view()
      stored = readLiveValues(settings)
      const { concurrency, bandwidth: shown } = values()
      if (concurrency === before.concurrency && shown === before.bandwidth) return
      logger.info({ concurrency, bandwidth: shown }, 'Settings were changed through another node')
      enforce()
    },
    async open() {
      stored = readLiveValues(await store.storedSettings())
    },
    start() {
      enforce()
      timetable.start()
    },
    stop: timetable.stop,
  }
}
