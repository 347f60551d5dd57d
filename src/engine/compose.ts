import type { BulkVerb } from '../core/bulk-verb.js'
import { defaultBaseMs, defaultCapMs } from '../core/retry.js'
import type { LiveValues } from '../core/settings.js'
import type { Clock, Random } from '../ports/clock.js'
import type { Credentials } from '../ports/credentials.js'
import type { DirectoryWalker } from '../ports/directory-walker.js'
import type { Logger } from '../ports/logger.js'
import type { Meter } from '../ports/meter.js'
import type { Pacer } from '../ports/pacer.js'
import type { SourceOpener } from '../ports/source.js'
import type { SourceRemover } from '../ports/source-remover.js'
import type { Store } from '../ports/store.js'
import type { Targets } from '../ports/target.js'
import type { Wakeup } from '../ports/wakeup.js'
import type { WebhookSender } from '../ports/webhooks.js'
import { createLifetime } from './async/lifetime.js'
import { createBulkVerbs } from './bulk/bulk-verbs.js'
import { createWalkAgent } from './bulk/walk-agent.js'
import { createAdmission } from './capacity/admission.js'
import { createEndpointHealth } from './capacity/endpoint-health.js'
import { createSlots } from './capacity/slots.js'
import { createDispatcher } from './dispatch/dispatcher.js'
import { createLeaseKeeper } from './dispatch/lease-keeper.js'
import { createEventFeed } from './feed/event-feed.js'
import { createProgressBoard } from './feed/progress-board.js'
import { meterStore } from './metering/metered-store.js'
import { meterTargets } from './metering/metered-targets.js'
import { createTraffic } from './metering/traffic.js'
import { createTrafficHistory } from './metering/traffic-history.js'
import { createNodeAgent } from './nodes/node-agent.js'
import { createNodeBoard } from './nodes/node-board.js'
import { createWebhookAgent } from './outbox/webhook-agent.js'
import { createChores } from './storage/chores.js'
import { gateTargets } from './storage/gated-targets.js'
import { createPatientSources } from './storage/patient-sources.js'
import { createStorageGate } from './storage/storage-gate.js'
import { createJanitor } from './upkeep/janitor.js'
import { createPruner } from './upkeep/pruner.js'
import { createBatches } from './use-cases/batches.js'
import { createDrain } from './use-cases/drain.js'
import { createJobs, type JobDefaults } from './use-cases/jobs.js'
import { createLiveSettings } from './use-cases/live-settings.js'
import { createNodes } from './use-cases/nodes.js'
import { createOrphans } from './use-cases/orphans.js'
import { createWebhookOutbox } from './use-cases/outbox.js'
import { createOverview, type OverviewDeps } from './use-cases/overview.js'
import { createVerbs } from './use-cases/verbs.js'
import { createWaits } from './use-cases/waits.js'

/** Everything outside the engine that it works with. Who makes a port closes it, after the engine has stopped. */
export interface EnginePorts {
  readonly store: Store
  readonly targets: Targets
  readonly sources: SourceOpener
  readonly remover: SourceRemover
  readonly walker: DirectoryWalker
  /** Null: this daemon has no secret to sign webhooks with. */
  readonly sender: WebhookSender | null
  readonly keys: Pick<Credentials, 'areAtHand'> & OverviewDeps['keys']
  readonly lanes: OverviewDeps['lanes']
  readonly pacer: Pacer
  readonly meter: Meter
  readonly wakeup: Wakeup
  readonly clock: Clock
  readonly random: Random
  /** Returns the minute of the local day, 0..1439, of an instant. */
  readonly minuteOf: (at: number) => number
  /** Ids that sort by the time at which they were made. */
  readonly newJobId: () => string
  readonly newBatchId: () => string
  readonly newMarker: () => string
  /** Returns the logger of a part of the engine. */
  readonly logger: (component: string) => Logger
}

export interface EngineSettings {
  /** The id of this node. */
  readonly node: string
  readonly version: string
  readonly roots: readonly string[]
  /** Those of the roots that other nodes see too. */
  readonly sharedRoots: readonly string[]
  readonly leaseMs: number
  readonly maxAttempts: number
  /** What holds until something else is stored. */
  readonly live: LiveValues
  readonly defaults: JobDefaults
  readonly keepFinishedMs: number
  readonly abandonedAfterMs: number
}

/**
 * Runs beyond the slots: jobs that hash, list or complete need none, and a freed slot never waits for a claim. Twice as
 * many as that takes, because one endpoint and bucket gets at most half of them.
 */
const runsPerSlot = 4

/** What all parts share: the guarded store, what the machine and OSS can take, and what is known of the bytes in flight. */
const layGround = (ports: EnginePorts, settings: EngineSettings) => {
  const { clock, random, wakeup, logger, meter } = ports
  const history = createTrafficHistory(clock)
  const storage = createStorageGate({
    store: meterStore(ports.store, [meter, history]),
    clock,
    logger: logger('storage'),
  })
  const traffic = createTraffic(clock, history)
  const limits = { maxAttempts: settings.maxAttempts, baseMs: defaultBaseMs, capMs: defaultCapMs }
  const health = createEndpointHealth({
    clock,
    random,
    wakeup,
    logger: logger('endpoints'),
    limits,
    concurrency: () => live.concurrency(),
  })
  const slots = createSlots(settings.live.concurrency, health.limitOf)
  const live = createLiveSettings({
    store: storage.store,
    environment: settings.live,
    pacer: ports.pacer,
    onConcurrency: slots.resize,
    clock,
    minuteOf: ports.minuteOf,
    logger: logger('settings'),
  })
  return {
    storage,
    store: storage.store,
    targets: gateTargets(meterTargets(ports.targets, { meter, traffic, clock }), storage),
    traffic,
    history,
    limits,
    health,
    slots,
    live,
    board: createNodeBoard({ ...settings, clock }),
    progress: createProgressBoard(clock),
  }
}
type Ground = ReturnType<typeof layGround>

/** What works by itself, each part beside the others, and the admission that says which jobs they may move. */
const createAgents = (ports: EnginePorts, settings: EngineSettings, ground: Ground) => {
  const { clock, random, wakeup, logger, sender } = ports
  const { store, storage, targets } = ground
  const { defaults, leaseMs } = settings
  const chores = createChores({ store, storage, node: settings.node, leaseMs, clock, logger: logger('chores') })
  const walks = createWalkAgent({
    store,
    storage,
    chores,
    walker: ports.walker,
    sources: ports.sources,
    names: { newId: ports.newJobId, newMarker: () => (defaults.marker ? ports.newMarker() : null) },
    board: ground.board,
    clock,
    logger: logger('batches'),
    maxQueued: defaults.maxQueued,
  })
  const bulkVerbs = createBulkVerbs({
    store,
    storage,
    chores,
    sources: ports.sources,
    board: ground.board,
    clock,
    logger: logger('verbs'),
  })
  const admission = createAdmission({
    storage,
    keys: ports.keys,
    health: ground.health,
    board: ground.board,
    clock,
    isPausingAll: bulkVerbs.holdsClaims,
    maxRuns: () => ground.live.concurrency() * runsPerSlot,
  })
  const leases = createLeaseKeeper({ store, wakeup, clock, logger: logger('leases'), leaseMs })
  const dispatcher = createDispatcher({
    ...ground,
    sources: createPatientSources(ports.sources, clock),
    remover: ports.remover,
    wakeup,
    leases,
    pacer: ports.pacer,
    admission,
    clock,
    random,
    logger: logger('engine'),
    node: settings.node,
    leaseMs,
  })
  const webhooks =
    sender && createWebhookAgent({ store, storage, sender, wakeup, clock, random, logger: logger('webhooks') })
  const pruner = createPruner({
    store,
    storage,
    chores,
    clock,
    logger: logger('pruner'),
    keepMs: settings.keepFinishedMs,
  })
  const { abandonedAfterMs } = settings
  const janitor = createJanitor({ store, targets, chores, clock, logger: logger('janitor'), abandonedAfterMs })
  return { admission, walks, bulkVerbs, leases, dispatcher, webhooks, pruner, janitor }
}
type Agents = ReturnType<typeof createAgents>

/** What users ask for. */
const createUseCases = (ports: EnginePorts, settings: EngineSettings, ground: Ground, agents: Agents) => {
  const { clock, wakeup, logger, sender, keys } = ports
  const { store, progress } = ground
  const { admission } = agents
  const { defaults } = settings
  const waits = createWaits({ store, wakeup, clock })
  const drain = createDrain({ waits, intake: admission.intake, board: ground.board, clock })
  const onVerb = (verb: BulkVerb): void => {
    agents.bulkVerbs.took(verb)
    // A batch that was resumed goes on with its walk.
    agents.walks.wake()
  }
  return {
    store,
    settings: ground.live,
    verbs: createVerbs({ store, logger: logger('verbs'), onVerb }),
    waits,
    drain,
    jobs: createJobs({
      store,
      admission,
      board: ground.board,
      progress,
      sources: ports.sources,
      webhooks: sender,
      wakeup,
      clock,
      logger: logger('jobs'),
      newId: ports.newJobId,
      newMarker: ports.newMarker,
      defaults,
    }),
    batches: createBatches({
      store,
      walker: ports.walker,
      progress,
      board: ground.board,
      newId: ports.newBatchId,
      logger: logger('batches'),
      webhooks: sender,
      defaults,
      onWork: agents.walks.wake,
      onVerb,
    }),
    feed: createEventFeed({ store, progress, wakeup, clock }),
    orphans: createOrphans({
      store,
      targets: ground.targets,
      clock,
      logger: logger('orphans'),
      endpoint: defaults,
      allowedTargets: defaults.allowedTargets,
    }),
    webhooks: createWebhookOutbox(store),
    nodes: createNodes(ground),
    overview: createOverview({
      ...ground,
      admission,
      clock,
      keys,
      lanes: ports.lanes,
      runs: agents.dispatcher.activeRuns,
      slotLimit: ground.live.concurrency,
    }),
  }
}

export interface Engine extends ReturnType<typeof createUseCases> {
  /** Reads what is stored. Throws what the store throws. */
  open(): Promise<void>
  /** Begins to work. `address` is where other nodes find the control API. Behind a stop it does nothing. */
  start(address?: string): void
  /** Runs that are under way. */
  activeRuns(): number
  /**
   * Refuses submits, lets parts in flight finish for `drainMs`, then gives every job back and ends all that works.
   * Idempotent, and fine without a start.
   */
  stop(drainMs: number): Promise<void>
}

/** Makes the agent that tells how this node stands, and passes on what it hears. */
const createBeat = (
  { clock, logger, lanes }: EnginePorts,
  settings: EngineSettings,
  ground: Ground,
  { admission, bulkVerbs, dispatcher, leases }: Agents,
  address: () => string | null,
) => {
  const { node, version, roots, sharedRoots } = settings
  const { store, storage, board, live, traffic } = ground
  const startedAt = clock.now()
  let newestVerb = 0
  return createNodeAgent({
    store,
    storage,
    node,
    board,
    clock,
    logger: logger('nodes'),
    leases: leases.kept,
    report: () => ({
      version,
      address: address(),
      startedAt,
      isDraining: admission.intake.refusal() !== null,
      runs: dispatcher.activeRuns(),
      slots: live.concurrency(),
      lanes: lanes.report().inFlight.length,
      bytesPerSecond: traffic.bytesPerSecond(),
      roots,
      sharedRoots,
    }),
    onNews(news) {
      leases.hear(news.desires)
      live.follow(news.settings)
      if (news.newestVerb > newestVerb) bulkVerbs.wake()
      newestVerb = news.newestVerb
      board.take(news.nodes)
    },
  })
}

/** The engine over its ports: the only place that knows all of its parts. */
export const composeEngine = (ports: EnginePorts, settings: EngineSettings): Engine => {
  const ground = layGround(ports, settings)
  const agents = createAgents(ports, settings, ground)
  const useCases = createUseCases(ports, settings, ground, agents)
  const { live } = ground
  const { leases, bulkVerbs, webhooks, pruner, janitor, dispatcher, walks } = agents
  let address: string | null = null
  const beat = createBeat(ports, settings, ground, agents, () => address)
  let drainMs = 0
  const life = createLifetime()
  // They end from the last to the first: webhooks behind the jobs, so that those which settle while the daemon stops have
  // a chance to be told, and leases behind all that needs one.
  life.own(leases, () => leases.close())
  for (const agent of [beat, live, bulkVerbs, webhooks, pruner, janitor]) life.own(agent, () => agent?.stop())
  life.own(dispatcher, () => dispatcher.stop(drainMs))
  life.own(walks, () => walks.stop())
  return {
    ...useCases,
    async open() {
      await live.open()
      await bulkVerbs.open()
    },
    start(listening) {
      address = listening ?? null
      for (const agent of [beat, live, bulkVerbs, webhooks, pruner, janitor, dispatcher, walks]) agent?.start()
    },
    activeRuns: dispatcher.activeRuns,
    stop(asked) {
      drainMs = asked
      useCases.drain.close()
      ground.storage.close()
      return life.end()
    },
  }
}
