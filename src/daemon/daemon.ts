import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../adapters/clock/system-clock.js'
import { crc64Engine } from '../adapters/crc64/crc64.js'
import { keySourceOf } from '../adapters/credentials/key-source-of.js'
import { createRefreshingCredentials } from '../adapters/credentials/refreshing-credentials.js'
import { createDirectoryWalker } from '../adapters/file/directory-walker.js'
import { createCallsByPlace } from '../adapters/file/file-calls.js'
import { createFileSources } from '../adapters/file/file-source.js'
import { createSourceRemover } from '../adapters/file/source-remover.js'
import type { PinoLogger } from '../adapters/log/pino-logger.js'
import { createOssTargets } from '../adapters/oss/api/oss-targets.js'
import { startLanes } from '../adapters/oss/lanes/lanes.js'
import { createSharedPacer } from '../adapters/oss/lanes/shared-pacer.js'
import { createNetwork } from '../adapters/oss/wire/network.js'
import { openSqliteStore } from '../adapters/sqlite/thread/sqlite-store.js'
import { createRotatingTokens } from '../adapters/tokens/rotating-tokens.js'
import { createLocalWakeup } from '../adapters/wakeup/local-wakeup.js'
import { createWebhookSender } from '../adapters/webhook/webhook-sender.js'
import type { Config } from '../config/config.js'
import { AppError } from '../core/app-error.js'
import { defaultBaseMs, defaultCapMs } from '../core/retry.js'
import { mostConcurrency } from '../core/settings.js'
import { createBatchAgent } from '../engine/bulk/batch-agent.js'
import { createEndpointHealth } from '../engine/capacity/endpoint-health.js'
import { createSlots } from '../engine/capacity/slots.js'
import { createDispatcher } from '../engine/dispatch/dispatcher.js'
import { createLeaseKeeper } from '../engine/dispatch/lease-keeper.js'
import { createEventFeed } from '../engine/feed/event-feed.js'
import { createProgressBoard } from '../engine/feed/progress-board.js'
import { meterStore } from '../engine/metering/metered-store.js'
import { meterTargets } from '../engine/metering/metered-targets.js'
import { createTraffic } from '../engine/metering/traffic.js'
import { createTrafficHistory } from '../engine/metering/traffic-history.js'
import { createWebhookAgent } from '../engine/outbox/webhook-agent.js'
import { gateTargets } from '../engine/storage/gated-targets.js'
import { createPatientSources } from '../engine/storage/patient-sources.js'
import { createStorageGate } from '../engine/storage/storage-gate.js'
import { createJanitor } from '../engine/upkeep/janitor.js'
import { createPruner } from '../engine/upkeep/pruner.js'
import { createBatches } from '../engine/use-cases/batches.js'
import { createDrain } from '../engine/use-cases/drain.js'
import { createJobs } from '../engine/use-cases/jobs.js'
import { openLiveSettings } from '../engine/use-cases/live-settings.js'
import { createOrphans } from '../engine/use-cases/orphans.js'
import { createWebhookDesk } from '../engine/use-cases/outbox.js'
import { createOverview } from '../engine/use-cases/overview.js'
import { createSweeps } from '../engine/use-cases/sweeps.js'
import { createWaits } from '../engine/use-cases/waits.js'
import { createMetrics } from '../http/metrics/metrics.js'
import { listenOn } from '../http/server/listen.js'
import { readPageFiles } from '../http/server/page-files.js'
import type { Store } from '../ports/store.js'
import type { Targets } from '../ports/target.js'

export interface Daemon {
  /** As LONGSHORE_URL accepts them. */
  readonly addresses: readonly string[]
  /** The store answers. Never settles while it hangs. */
  isWell(): Promise<boolean>
  /** Refuses submits, lets parts in flight finish within the drain timeout, gives every job back and closes. Idempotent. */
  stop(): Promise<void>
}

/** Puts something between the engine and what it works on. The tests kill the process there. */
export interface PortWrappers {
  store(store: Store): Store
  targets(targets: Targets): Targets
}

const bare: PortWrappers = { store: (store) => store, targets: (targets) => targets }

const leaseMs = 30_000
/** Of libuv's threads, those that read bytes; the others are for opening files and for all else. */
const readShare = 0.75
/**
 * Runs beyond the slots: jobs that hash, list or complete need none, and a freed slot never waits for a claim. Twice as
 * many as that takes, for one endpoint and bucket gets at most half of them.
 */
const runsPerSlot = 4

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/** Where `npm run build` puts the dashboard, as seen from src and from dist. */
const pageDirectory = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url))

/** Sorts by the time it was made, so that indexes grow at their end; 80 random bits keep it unguessable. */
const newJobId = (): string => Date.now().toString(36).padStart(9, '0') + randomBytes(10).toString('hex')

/** A batch is told from a job at sight. */
const newBatchId = (): string => `b-${newJobId()}`

/** Of the day, where the daemon runs. */
const localMinute = (at: number): number => {
  const time = new Date(at)
  return time.getHours() * 60 + time.getMinutes()
}

/** More than the parts that one job may have in flight, each waiting in a few places. */
const mostListeners = 512

/** Composes the daemon and starts it: the only place that knows every part. `onFatal` is told when the store died under it. */
export const startDaemon = async (
  config: Config,
  logger: PinoLogger,
  onFatal: (failure: { readonly exitCode: number; readonly message: string }) => void,
  wrap: PortWrappers = bare,
): Promise<Daemon> => {
  // Every part of a job in flight listens to the same signals: node takes more than ten for a leak and says so on stderr.
  setMaxListeners(mostListeners)
  const clock = createSystemClock()
  const wakeup = createLocalWakeup()
  const random = Math.random
  const metrics = createMetrics({ version, startedAt: clock.now() })
  const component = (name: string): PinoLogger => logger.child({ component: name })

  const pacer = createSharedPacer()
  const lanes = startLanes({
    count: config.lanes,
    network: config.oss.network,
    pace: pacer.memory,
    readThreads: Math.floor(config.poolThreads * readShare),
    logger: component('lanes'),
    threadUrl: new URL('./lane.js', import.meta.url),
    onFatal,
  })
  const opening = openSqliteStore({ directory: config.dataDir, clock, wakeup, logger: component('store'), onFatal })
  // The web framework is most of what a start loads: meanwhile the threads begin and the database is opened.
  const loadingApp = import('../http/app.js')
  const opened = await opening.catch(async (error: unknown) => {
    await lanes.close()
    throw error
  })
  const history = createTrafficHistory(clock)
  const storage = createStorageGate({
    store: meterStore(wrap.store(opened), [metrics.meter, history]),
    clock,
    logger: component('storage'),
  })
  const { store } = storage
  const roots = { allowed: config.sourceRoots, forbidden: [config.dataDir], spelled: config.spelledRoots }
  const callsFor = createCallsByPlace()
  const walker = createDirectoryWalker(roots, undefined, callsFor)
  const credentials = createRefreshingCredentials({
    source: keySourceOf(config.oss.keys, component('credentials')),
    clock,
    random,
    wakeup,
    logger: component('credentials'),
  })
  const sources = createFileSources(roots, lanes, callsFor)
  const oss = createOssTargets({
    dataPath: lanes,
    addressing: config.oss.addressing,
    signature: config.oss.signature,
    credentials,
    // The slots, whose number may change, see to it that there are fewer.
    maxSockets: mostConcurrency,
    network: createNetwork(config.oss.network),
    clock,
    logger: component('oss'),
  })
  const traffic = createTraffic(clock, history)
  const targets = gateTargets(meterTargets(wrap.targets(oss), { meter: metrics.meter, traffic, clock }), storage)
  const limits = { maxAttempts: config.maxAttempts, baseMs: defaultBaseMs, capMs: defaultCapMs }
  const progress = createProgressBoard(clock)
  const health = createEndpointHealth({
    clock,
    random,
    wakeup,
    logger: component('endpoints'),
    limits,
    concurrency: () => settings.concurrency(),
  })
  const slots = createSlots(config.concurrency, health.limitOf)
  const settings = await openLiveSettings({
    store,
    environment: { concurrency: config.concurrency, bandwidth: config.bandwidth },
    pacer,
    onConcurrency: slots.resize,
    clock,
    minuteOf: localMinute,
    logger: component('settings'),
  })
  const leases = createLeaseKeeper({ store, wakeup, clock, logger: component('leases'), leaseMs })
  const dispatcher = createDispatcher({
    store,
    storage,
    targets,
    sources: createPatientSources(sources, clock),
    remover: createSourceRemover(roots),
    wakeup,
    leases,
    progress,
    slots,
    pacer,
    holdsClaims: () => sweeps.holdsClaims(),
    health,
    keys: credentials,
    limits,
    clock,
    random,
    logger: component('engine'),
    node: config.nodeId,
    leaseMs,
    maxRuns: () => settings.concurrency() * runsPerSlot,
  })
  const { secrets, allow } = config.webhooks
  const ca = config.oss.network.ca
  const userAgent = `longshore/${version}`
  const sender = secrets.length === 0 ? null : createWebhookSender({ secrets, allow, ca, userAgent, now: clock.now })
  const webhookAgent =
    sender && createWebhookAgent({ store, storage, sender, wakeup, clock, random, logger: component('webhooks') })
  const defaults = {
    endpoint: config.oss.endpoint.origin,
    region: config.oss.region,
    partSize: config.partSize,
    multipartThreshold: config.multipartThreshold,
    parallel: config.parallel,
    allowedTargets: config.allowedTargets,
    marker: config.marker,
    maxQueued: config.maxQueued,
  }
  const newMarker = (): string => randomBytes(16).toString('hex')
  const jobs = createJobs({
    store,
    storage,
    health,
    keys: credentials,
    sources,
    webhooks: sender,
    progress,
    wakeup,
    clock,
    logger: component('jobs'),
    newId: newJobId,
    newMarker,
    defaults,
  })
  const batchAgent = createBatchAgent({
    store,
    storage,
    walker,
    sources,
    names: { newId: newJobId, newMarker: () => (config.marker ? newMarker() : null) },
    clock,
    logger: component('batches'),
    maxQueued: config.maxQueued,
  })
  const sweeps = createSweeps({
    store,
    storage,
    clock,
    logger: component('sweeps'),
    onBatches: batchAgent.wake,
  })
  const batches = createBatches({
    store,
    walker,
    progress,
    newId: newBatchId,
    logger: component('batches'),
    webhooks: sender,
    defaults,
    onWork: batchAgent.wake,
  })
  const pruner = createPruner({
    store,
    storage,
    clock,
    logger: component('pruner'),
    keepMs: config.keepFinishedMs,
  })
  const feed = createEventFeed({ store, progress, wakeup, clock })
  const orphans = createOrphans({
    store,
    targets,
    clock,
    logger: component('orphans'),
    endpoint: { endpoint: config.oss.endpoint.origin, region: config.oss.region },
    allowedTargets: config.allowedTargets,
  })
  const janitor = createJanitor({
    store,
    targets,
    clock,
    logger: component('janitor'),
    abandonedAfterMs: config.abandonedAfterMs,
  })

  const tokens = createRotatingTokens({ ...config.tokens, clock, logger: component('tokens') })
  const waits = createWaits({ store, wakeup, clock })
  const drain = createDrain({ waits, clock })
  const overview = createOverview({
    store,
    clock,
    traffic,
    history,
    slots,
    health,
    drain,
    keys: credentials,
    lanes,
    runs: dispatcher.activeRuns,
    slotLimit: settings.concurrency,
  })
  const { createApp } = await loadingApp
  const app = await createApp({
    jobs,
    batches,
    feed,
    orphans,
    waits,
    drain,
    webhooks: createWebhookDesk(store),
    settings,
    sweeps,
    store,
    overview,
    metrics,
    tokens,
    requestsPerMinute: config.requestsPerMinute,
    allowedHosts: [
      ...config.allowedHosts,
      ...config.listen.flatMap((address) => (address.kind === 'tcp' ? [address.host] : [])),
    ],
    version: { version },
    page: readPageFiles(pageDirectory),
    logger: component('http'),
    clock,
  })

  const stopParts = async (): Promise<void> => {
    await Promise.all([
      settings.stop(),
      janitor.stop(),
      pruner.stop(),
      batchAgent.stop(),
      sweeps.stop(),
      dispatcher.stop(config.drainTimeoutMs),
    ])
    // Behind the jobs, so that those which settle while the daemon stops have a chance to be told.
    await webhookAgent?.stop()
    sender?.close()
    await leases.close()
    await targets.close()
    await lanes.close()
    credentials.close()
    tokens.close()
    feed.close()
    metrics.close()
  }
  const listening = await listenOn(app, config.listen).catch(async (error: unknown) => {
    await stopParts()
    await store.close()
    throw error
  })
  logger.info({ crc64: crc64Engine() }, 'Checksums are computed by this engine')
  settings.start()
  await sweeps.start()
  dispatcher.start()
  batchAgent.start()
  pruner.start()
  janitor.start()
  webhookAgent?.start()

  let stopped: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    drain.close()
    storage.close()
    logger.info({ runs: dispatcher.activeRuns(), drainTimeoutMs: config.drainTimeoutMs }, 'Stopping')
    await stopParts()
    await listening.close()
    await store.close()
    logger.info({}, 'Stopped')
  }
  return {
    addresses: listening.addresses,
    isWell: () =>
      store.check().then(
        () => true,
        // As for /livez: a restart makes no room.
        (error: unknown) => error instanceof AppError && error.code === 'storage_full',
      ),
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}
