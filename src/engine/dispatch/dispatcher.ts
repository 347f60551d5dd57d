import { AppError } from '../../core/app-error.js'
import { isSettled, type Job, tuningOf } from '../../core/job.js'
import { isPlainPut } from '../../core/plain-put.js'
import type { RetryLimits } from '../../core/retry.js'
import type { Clock, Random } from '../../ports/clock.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Lease } from '../../ports/lease.js'
import type { Logger } from '../../ports/logger.js'
import type { OrphanStore } from '../../ports/orphan-store.js'
import type { JobPace, Pacer } from '../../ports/pacer.js'
import type { Claim } from '../../ports/queue-store.js'
import type { SourceOpener } from '../../ports/source.js'
import type { SourceRemover } from '../../ports/source-remover.js'
import type { Targets } from '../../ports/target.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { createAgent } from '../async/agent.js'
import type { Admission } from '../capacity/admission.js'
import { type EndpointHealth, endpointPair, type Pair } from '../capacity/endpoint-health.js'
import type { Slots } from '../capacity/slots.js'
import type { JobProgress, ProgressBoard } from '../feed/progress-board.js'
import type { StorageGate } from '../storage/storage-gate.js'
import { openJobRecord } from '../upload/job-record.js'
import { createRetrier, type PastTries } from '../upload/request-retrier.js'
import type { Run } from '../upload/run.js'
import { createRunControl, type RunControl, RunStopped } from '../upload/run-control.js'
import { runJob } from '../upload/upload-job.js'
import { type Instant, instantOf, type KeptLease, type LeaseKeeper } from './lease-keeper.js'
import { createSmallPuts, type HandOver } from './small-puts.js'

export interface Dispatcher {
  start(): void
  /**
   * Claims nothing any more, lets parts in flight finish for `drainMs`, then ends every run, which releases its job.
   * Idempotent.
   */
  stop(drainMs: number): Promise<void>
  activeRuns(): number
}

export interface DispatcherDeps {
  readonly store: JobStore & Pick<OrphanStore, 'forgetAbandoned'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly targets: Targets
  readonly sources: SourceOpener
  readonly remover: SourceRemover
  readonly wakeup: Wakeup
  readonly leases: LeaseKeeper
  readonly progress: ProgressBoard
  readonly slots: Slots
  readonly pacer: Pick<Pacer, 'open' | 'isLimited'>
  readonly health: EndpointHealth
  readonly admission: Pick<Admission, 'freeRuns' | 'hasRoom' | 'obstacleTo' | 'nextClaim' | 'opensInMs' | 'begin'>
  readonly limits: RetryLimits
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly node: string
  readonly leaseMs: number
}

/** A deadline is an instant of the wall clock, which may be set meanwhile. */
const deadlineLookMs = 30_000
/** Hints can be lost, so the queue is looked at this often anyway. */
const pollMs = 2_000

/** What the dispatcher begins for a run, and ends with it. */
interface RunParts {
  readonly control: RunControl
  readonly lease: KeptLease
  readonly pace: JobPace
  readonly progress: JobProgress
  readonly isPutUnanswered: boolean
}

interface Active {
  readonly control: RunControl
  readonly ended: Promise<void>
}

/** Claims due jobs in small batches and starts a run for each. */
export const createDispatcher = (deps: DispatcherDeps): Dispatcher => {
  const { store, admission, clock, logger } = deps
  const active = new Map<string, Active>()
  /** Keeps for each unsettled job what must outlive a run but not the process. */
  const memory = new Map<string, { tries: Map<string, PastTries>; disagreements: Map<string, number> }>()
  /**
   * Leases of runs that ended without releasing their job, because the store failed or the lease could not be renewed.
   */
  const dropped = new Set<Lease>()
  let stopping = false

  const buildRun = (claim: Claim, { control, lease, pace, progress, isPutUnanswered }: RunParts): Run => {
    const { job } = claim
    const record = openJobRecord(deps, claim, progress, control.hard)
    const log = logger.child({ jobId: job.id })
    const remembered = memory.get(job.id) ?? { tries: new Map(), disagreements: new Map() }
    memory.set(job.id, remembered)
    const facts = { job, control, logger: log, tries: remembered.tries, charge: record.chargeAttempts }
    return {
      get job() {
        return record.job
      },
      record,
      control,
      target: deps.targets.for(job.target),
      retrier: createRetrier(deps, facts),
      progress,
      pace,
      logger: log,
      clock,
      disagreements: remembered.disagreements,
      isPutUnanswered,
      assertLease: () => lease.assert(),
    }
  }

  /**
   * Stops the run when its job's deadline comes, wherever it is moved meanwhile. Returns the function that forgets it.
   */
  const watchDeadline = (control: RunControl): (() => void) => {
    let over = new AbortController()
    let watched: number | null = null
    const look = (): void => {
      if (watched === null) return
      const leftMs = watched - clock.now()
      if (leftMs <= 0) control.stopNow('deadline')
      else void clock.sleep(Math.min(leftMs, deadlineLookMs), over.signal).then(look, () => {})
    }
    const follow = (): void => {
      const { notAfter } = control.tuning
      if (notAfter === watched) return
      over.abort()
      over = new AbortController()
      watched = notAfter
      look()
    }
    follow()
    const unsubscribe = control.onTuned(follow)
    return () => {
      unsubscribe()
      over.abort()
    }
  }

  const execute = async (
    claim: Claim,
    control: RunControl,
    asked: Instant,
    isPutUnanswered: boolean,
  ): Promise<void> => {
    const lease = deps.leases.keep(claim.lease, control, asked)
    const forgetDeadline = claim.job.state === 'cancelling' ? () => {} : watchDeadline(control)
    const pace = deps.pacer.open(control.tuning.bandwidth)
    const unsubscribe = control.onTuned(() => pace.limit(control.tuning.bandwidth))
    const progress = deps.progress.begin(claim.job)
    const run = buildRun(claim, { control, lease, pace, progress, isPutUnanswered })
    // Small files log only their end, to keep the log short.
    const level = claim.job.upload?.mode === 'put' && claim.job.runs === 1 ? 'debug' : 'info'
    run.logger[level]({ state: claim.job.state, run: claim.job.runs }, 'A run begins')
    try {
      await runJob(run, deps)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (error instanceof RunStopped) run.logger.warn({ reason }, 'The lease was lost: the run is dropped')
      else if (error instanceof AppError) run.logger.error({ code: error.code, reason }, 'The store failed under a run')
      else run.logger.error({ error: error instanceof Error ? error.stack : reason }, 'A run could not release its job')
      if (error instanceof RunStopped || error instanceof AppError) dropped.add(claim.lease)
    } finally {
      forgetDeadline()
      unsubscribe()
      pace.close()
      lease.drop()
      progress.end()
      if (isSettled(run.job.state)) memory.delete(run.job.id)
    }
  }

  const begin = (claim: Claim, asked: Instant, { stop, mayBeMade }: Pick<HandOver, 'stop' | 'mayBeMade'>): void => {
    const control = createRunControl(tuningOf(claim.job), claim.job.state === 'cancelling')
    if (stop === 'pause' || stop === 'shutdown') control.stopSoon(stop)
    else if (stop !== null) control.stopNow(stop)
    const endAdmitted = admission.begin(claim.job)
    const ended = execute(claim, control, asked, mayBeMade).finally(() => {
      endAdmitted()
      if (active.get(claim.job.id)?.control === control) active.delete(claim.job.id)
      claims.poke()
    })
    active.set(claim.job.id, { control, ended })
    if (stopping) control.stopSoon('shutdown')
  }

  const smallPuts = createSmallPuts({
    ...deps,
    stopped: (job) => begin(job.claim, job.asked, job),
    dropped: (lease) => dropped.add(lease),
    onNews: () => claims.poke(),
  })

  /**
   * Releases the jobs of those, so that they need not wait until the leases run out. A lease that is overtaken is
   * merely forgotten.
   */
  const releaseDropped = async (): Promise<void> => {
    for (const lease of dropped) {
      await store.release(lease, { to: 'queued', waiting: null, delayMs: null })
      dropped.delete(lease)
    }
  }

  const beginHandedOver = (): void => {
    const hasRoom = (pair: Pair): boolean => admission.hasRoom(pair, active.size)
    for (let job = smallPuts.nextHandOver(hasRoom); job !== null; job = smallPuts.nextHandOver(hasRoom)) {
      begin(job.claim, job.asked, job)
    }
  }

  /** Returns for how long there is nothing to claim. */
  const claimSome = async (): Promise<number> => {
    beginHandedOver()
    const puts = smallPuts.wants()
    if (admission.freeRuns(active.size) === 0 && (puts?.limit ?? 0) === 0) return pollMs
    await releaseDropped()
    const room = admission.nextClaim(active.size)
    const takesPuts = puts !== null && room.quotas !== undefined
    const request = { node: deps.node, leaseMs: deps.leaseMs, ...room, ...(takesPuts ? { puts } : {}) }
    /** Only one job at a time is claimed of a pair that rests, and its story finds out how the pair is doing. */
    const isProbe = ({ target }: Job): boolean =>
      room.quotas?.some((quota) => quota.putsAreRuns && endpointPair(quota) === endpointPair(target)) === true
    const asked = instantOf(clock)
    const { claims, nextDueInMs } = await store.claim(request)
    for (const claim of claims) {
      if (takesPuts && isPlainPut(claim.job) && !isProbe(claim.job)) smallPuts.take(claim, asked)
      else begin(claim, asked, { stop: null, mayBeMade: false })
    }
    const mostOfOneKind = Math.min(
      request.limit || Number.POSITIVE_INFINITY,
      (takesPuts && puts.limit) || Number.POSITIVE_INFINITY,
    )
    if (claims.length >= mostOfOneKind) return 0
    const passedMs = clock.monotonic() - asked.monotonic
    const dueMs = nextDueInMs === null ? pollMs : Math.max(0, nextDueInMs - passedMs)
    return Math.min(pollMs, dueMs, admission.opensInMs() ?? pollMs)
  }

  const claims = createAgent({
    name: 'dispatcher',
    clock,
    logger,
    gate: deps.storage,
    wakeOn: (poke) => deps.wakeup.subscribe('jobs', poke),
    backoff: { firstMs: pollMs, longestMs: pollMs },
    round: claimSome,
  })

  const allEnded = async (): Promise<void> => {
    await smallPuts.ended()
    await Promise.all([...active.values()].map((run) => run.ended))
  }

  return {
    start: claims.start,
    async stop(drainMs) {
      stopping = true
      await claims.stop()
      for (const { control } of active.values()) control.stopSoon('shutdown')
      smallPuts.stopSoon()
      const drained = new AbortController()
      const ended = allEnded().finally(() => drained.abort())
      const inTime = await clock.sleep(drainMs, drained.signal).then(
        () => false,
        () => true,
      )
      if (!inTime && active.size + smallPuts.size() > 0) {
        logger.warn({ runs: active.size + smallPuts.size() }, 'The drain timeout is over: parts in flight are cut off')
        for (const { control } of active.values()) control.stopNow('shutdown')
        smallPuts.stopNow()
      }
      await ended
    },
    activeRuns: () => active.size + smallPuts.size(),
  }
}
