import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { localMinute } from '../adapters/clock/local-minute.js'
import { createSystemClock } from '../adapters/clock/system-clock.js'
import { crc64Engine } from '../adapters/crc64/crc64.js'
import type { PinoLogger } from '../adapters/log/pino-logger.js'
import { openSqliteStore } from '../adapters/sqlite/thread/sqlite-store.js'
import { createRotatingTokens } from '../adapters/tokens/rotating-tokens.js'
import { createLocalWakeup } from '../adapters/wakeup/local-wakeup.js'
import { createWebhookSender } from '../adapters/webhook/webhook-sender.js'
import type { Config } from '../config/config.js'
import { AppError } from '../core/app-error.js'
import { createLifetime, type Lifetime } from '../engine/async/lifetime.js'
import { composeEngine } from '../engine/compose.js'
import { createMetrics } from '../http/metrics/metrics.js'
import { createApiDocument } from '../http/openapi/api-document.js'
import { readDashboardFiles } from '../http/server/dashboard-files.js'
import { listenOn } from '../http/server/listen.js'
import type { Store } from '../ports/store.js'
import type { Targets } from '../ports/target.js'
import { engineSettings } from './engine-settings.js'
import { newBatchId, newJobId, newMarker, version } from './identity.js'
import { createTransfer, type OnFatal, startDataPath } from './transfer.js'

export interface Daemon {
  /** These are addresses as LONGSHORE_URL accepts them. */
  readonly addresses: readonly string[]
  /** Resolves when the store answers. It never settles while the store hangs. */
  isWell(): Promise<boolean>
  /**
   * Refuses submits, lets parts in flight finish within the drain timeout, releases every job and closes. It is
   * idempotent.
   */
  stop(): Promise<void>
  /**
   * Returns whether a thread of the daemon hangs in a file system that does not answer. Only the end of the process can
   * end such a thread.
   */
  isHeldUp(): boolean
}

/** Puts a wrapper between the engine and what it works on. The tests kill the process there. */
export interface PortWrappers {
  store(store: Store): Store
  targets(targets: Targets): Targets
}

const bare: PortWrappers = { store: (store) => store, targets: (targets) => targets }

/** `npm run build` puts the dashboard there. The path is the same from src and from dist. */
const pageDirectory = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url))

/** This is more than the number of parts that one job may have in flight, each of which waits in a few places. */
const mostListeners = 512

/** Returns null without a secret, so that no receiver gets a webhook that it could not trust. */
const openSender = (config: Config, life: Lifetime, now: () => number) => {
  const { secrets, allow } = config.webhooks
  if (secrets.length === 0) return null
  const { ca } = config.oss.network
  const sender = createWebhookSender({ secrets, allow, ca, userAgent: `longshore/${version}`, now })
  return life.own(sender, () => sender.close())
}

const startParts = async (
  config: Config,
  logger: PinoLogger,
  life: Lifetime,
  onFatal: OnFatal,
  wrap: PortWrappers,
): Promise<Daemon> => {
  const clock = createSystemClock()
  const component = (name: string): PinoLogger => logger.child({ component: name })
  const common = { clock, random: Math.random, wakeup: createLocalWakeup(), logger: component }
  const metrics = createMetrics({ version, startedAt: clock.now() })
  life.own(metrics, () => metrics.close())

  const opening = openSqliteStore({
    ...common,
    directory: config.dataDir,
    node: config.nodeId,
    logger: component('store'),
    onFatal,
  })
  // The web framework is most of what a start loads. Meanwhile the threads begin and the database is opened.
  const loadingApp = import('../http/app.js')
  const { lanes, pacer } = startDataPath(config, life, component('lanes'), onFatal)
  const store = await opening
  life.own(store, () => store.close())
  const { ports, files } = createTransfer(config, life, lanes, common)
  const engine = composeEngine(
    {
      ...common,
      ...ports,
      store: wrap.store(store),
      targets: wrap.targets(ports.targets),
      sender: openSender(config, life, clock.now),
      pacer,
      meter: metrics.meter,
      minuteOf: localMinute,
      newJobId,
      newBatchId,
      newMarker,
    },
    engineSettings(config),
  )
  // This serves a start that fails from here on. In a stop the engine has ended before.
  life.own(engine, ({ stop }) => stop(0))
  await engine.open()
  const tokens = createRotatingTokens({ ...config.tokens, clock, logger: component('tokens') })
  life.own(tokens, () => tokens.close())
  const { createApp } = await loadingApp
  const app = await createApp({
    ...engine,
    metrics,
    tokens,
    requestsPerMinute: config.requestsPerMinute,
    allowedHosts: [
      ...config.allowedHosts,
      ...config.listen.flatMap((address) => (address.kind === 'tcp' ? [address.host] : [])),
    ],
    version: { version },
    dashboard: readDashboardFiles(pageDirectory),
    document: createApiDocument(),
    logger: component('http'),
    clock,
  })
  const listening = await listenOn(app, config.listen)
  life.own(listening, () => listening.close())
  // Streams of events end before the server is closed, because it waits for them.
  life.own(engine.feed, (feed) => feed.close())
  logger.info({ crc64: crc64Engine() }, 'Checksums are computed by this engine')
  life.own(engine, async ({ stop, activeRuns }) => {
    logger.info({ runs: activeRuns(), drainTimeoutMs: config.drainTimeoutMs }, 'Stopping')
    files.hurry()
    await stop(config.drainTimeoutMs)
  })
  engine.start(listening.addresses[0])
  let stopped: Promise<void> | null = null
  return {
    addresses: listening.addresses,
    isWell: () =>
      store.check().then(
        () => true,
        // As for /livez, a full disk counts as well, because a restart makes no room.
        (error: unknown) => error instanceof AppError && error.code === 'storage_full',
      ),
    stop() {
      stopped ??= life.end().then(() => logger.info({}, 'Stopped'))
      return stopped
    },
    isHeldUp: () => lanes.stuckReads() > 0 || files.areHeldUp(),
  }
}

/**
 * Starts the daemon. A start that fails at any step leaves nothing behind. A stop ends everything in the reverse order
 * of its beginning. `onFatal` is called when the store died under the daemon.
 */
export const startDaemon = (
  config: Config,
  logger: PinoLogger,
  onFatal: OnFatal,
  wrap: PortWrappers = bare,
): Promise<Daemon> => {
  // Every part of a job in flight listens to the same signals. Node takes more than ten listeners for a leak and says
  // so on stderr.
  setMaxListeners(mostListeners)
  const life = createLifetime()
  return life.start(() => startParts(config, logger, life, onFatal, wrap))
}
