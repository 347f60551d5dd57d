import { AppError } from '../../core/app-error.js'
import type { Job } from '../../core/job.js'
import { isPlain } from '../../core/plain-put.js'
import type { Clock } from '../../ports/clock.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Lease } from '../../ports/lease.js'
import type { Logger } from '../../ports/logger.js'
import type { Pacer } from '../../ports/pacer.js'
import type { Claim, PutQuota, PutResult } from '../../ports/queue-store.js'
import type { FilePut, Targets } from '../../ports/target.js'
import type { Admission } from '../capacity/admission.js'
import { type EndpointHealth, endpointPair, type Pair } from '../capacity/endpoint-health.js'
import type { Slots } from '../capacity/slots.js'
import { callPatiently } from '../storage/patient-store.js'
import type { StorageGate } from '../storage/storage-gate.js'
import type { StopReason } from '../upload/run-control.js'
import { unsettledMs } from '../upload/source-guard.js'
import type { Instant, LeaseKeeper } from './lease-keeper.js'
import {
  filesOfTurn,
  fingerprintOf,
  receiptOf,
  type SmallFile,
  type SmallFileQueue,
  takeTurn,
  toPut,
} from './small-file.js'

/** A job that the story of one job goes on with, and what the story has to know of it. */
export interface HandOver {
  readonly claim: Claim
  /** When the lease was last asked for. */
  readonly asked: Instant
  /** Why the run has to stop; null when it has not. */
  readonly stop: StopReason | null
  /** OSS may have made the object without saying so. */
  readonly mayBeMade: boolean
}

/**
 * Sends the files of plain puts, a few to each slot. It does only what goes well: a file that meets anything else is
 * handed, with the claim and lease that it has, to the story of one job.
 */
export interface SmallPuts {
  /** Takes a plain put that was claimed. */
  take(claim: Claim, asked: Instant): void
  /** Returns how many more it wants now; null while small files are not to be sent together. */
  wants(): PutQuota | null
  /** Returns the next job that is to be gone on with by itself, whose endpoint and bucket has room; null when there is none. */
  nextHandOver(hasRoom: (pair: Pair) => boolean): HandOver | null
  /** Returns how many files it has. */
  size(): number
  /** Begins nothing any more. What has not begun is handed over. */
  stopSoon(): void
  /** Breaks off what is in flight. */
  stopNow(): void
  /** Resolves once it has no file. */
  ended(): Promise<void>
}

export interface SmallPutsDeps {
  readonly store: Pick<JobStore, 'finishPuts' | 'release'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly targets: Targets
  readonly leases: Pick<LeaseKeeper, 'keep'>
  readonly slots: Slots
  readonly health: Pick<EndpointHealth, 'enter' | 'limitOf'>
  readonly admission: Pick<Admission, 'obstacleTo'>
  readonly pacer: Pick<Pacer, 'isLimited'>
  readonly clock: Clock
  readonly logger: Logger
  /** The user, or the end of the daemon, wants this job to stop, so it is handed over at once. */
  stopped(job: HandOver): void
  /** The store failed to end this lease. */
  dropped(lease: Lease): void
  /** There is a job to be handed over, or room for many more. */
  onNews(): void
}

/** So many files are claimed ahead, and so many of them for one endpoint and bucket, which may swallow everything. */
const mostFiles = 512
const mostOfPair = mostFiles / 2
/** A claim for fewer files would cost the store as much as one for many. */
const worthwhile = mostFiles / 4
/** A job that was given back may be claimed again after this time. */
const restMs = 500
/** Signatures are made when a turn begins, and are good for a quarter of an hour. */
const mostTurnMs = 60_000

export const createSmallPuts = (deps: SmallPutsDeps): SmallPuts => {
  const { slots, health, clock, logger } = deps
  const queues = new Map<string, SmallFileQueue>()
  const soft = new AbortController()
  const hard = new AbortController()
  const onEnd: (() => void)[] = []
  /** Files that go on by themselves, as soon as there is room for another run. */
  const leaving: SmallFile[] = []
  let size = 0

  const queueOf = ({ target }: Job): SmallFileQueue => {
    const name = `${endpointPair(target)} ${target.region}`
    const known = queues.get(name)
    if (known !== undefined) return known
    const pair = { endpoint: target.endpoint, bucket: target.bucket }
    const fresh: SmallFileQueue = { pair, files: [], size: 0, workers: 0 }
    queues.set(name, fresh)
    return fresh
  }

  /** Returns how many more files it can hold, or 0 when these are too few for a claim. */
  const room = (): number => (mostFiles - size < worthwhile ? 0 : mostFiles - size)
  const roomOf = (queue: SmallFileQueue): number => {
    const most = Math.min(room(), mostOfPair - queue.size)
    return most < worthwhile ? 0 : most
  }

  /** The file is done with here. */
  const leave = (file: SmallFile): void => {
    file.lease.drop()
    file.queue.size--
    size--
    if (size === 0) for (const tell of onEnd.splice(0)) tell()
  }

  const takeOut = (file: SmallFile): HandOver => {
    const stop = file.stop ?? (soft.signal.aborted ? 'shutdown' : null)
    const asked = file.lease.askedAt()
    leave(file)
    return { claim: { ...file.claim, job: file.job }, asked, stop, mayBeMade: file.mayBeMade }
  }

  /** Returns why nothing is claimed towards the pair now, or null. What was claimed before is given back then. */
  const heldUpBy = (pair: Pair): 'endpoint' | 'credentials' | null => {
    const obstacle = deps.admission.obstacleTo(pair)
    return obstacle === 'endpoint' || obstacle === 'credentials' ? obstacle : null
  }

  /** Gives a job back. Its next run asks OSS first whether the object was made. */
  const giveBack = async (file: SmallFile): Promise<void> => {
    const { lease } = file.claim
    const release = { to: 'queued', waiting: heldUpBy(file.queue.pair), delayMs: restMs } as const
    await callPatiently(deps.storage, () => deps.store.release(lease, release), hard.signal).catch(() =>
      deps.dropped(lease),
    )
    leave(file)
  }

  /** Lets files go on by themselves: at once when they have to stop, else when there is room for another run. */
  const handOver = (files: readonly SmallFile[]): void => {
    for (const file of files) {
      if (file.stop !== null || soft.signal.aborted) deps.stopped(takeOut(file))
      else if (heldUpBy(file.queue.pair) !== null) void giveBack(file)
      else leaving.push(file)
    }
    if (leaving.length > 0) deps.onNews()
  }

  /** Takes the file out of wherever it waits here. Returns false when it is on its way. */
  const withdraw = (file: SmallFile): boolean => {
    for (const waiting of [file.queue.files, leaving]) {
      const index = waiting.indexOf(file)
      if (index < 0) continue
      waiting.splice(index, 1)
      return true
    }
    return false
  }

  const commit = async (
    queue: SmallFileQueue,
    done: readonly SmallFile[],
    results: readonly PutResult[],
  ): Promise<void> => {
    try {
      const answers = await callPatiently(deps.storage, () => deps.store.finishPuts(results), hard.signal)
      const fenced = done.filter((_, index) => answers[index] === 'fenced').map(({ job }) => job.id)
      if (fenced.length > 0) logger.warn({ jobs: fenced }, 'The leases were lost: what was sent under them is dropped')
      const jobs = done.map(({ job }) => job.id).filter((id) => !fenced.includes(id))
      if (jobs.length > 0) logger.info({ jobs, bucket: queue.pair.bucket }, 'Small files are uploaded')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const code = error instanceof AppError ? error.code : null
      logger.error({ code, reason, jobs: done.map(({ job }) => job.id) }, 'The store failed under small files')
      for (const { claim } of done) deps.dropped(claim.lease)
    }
    done.forEach(leave)
    if (!soft.signal.aborted && roomOf(queue) > 0) deps.onNews()
  }

  const conclude = (queue: SmallFileQueue, files: readonly SmallFile[], puts: readonly FilePut[]): void => {
    const done: SmallFile[] = []
    const results: PutResult[] = []
    const again: SmallFile[] = []
    files.forEach((file, index) => {
      const put = puts[index]
      if (put?.is === 'put') {
        done.push(file)
        results.push({ lease: file.claim.lease, receipt: receiptOf(put, clock.now()) })
        return
      }
      if (put?.is === 'unsent' && put.isSkipped && file.stop === null && !soft.signal.aborted) again.push(file)
      else {
        logger.debug({ jobId: file.job.id, why: put?.why }, 'A small file goes on by itself')
        file.mayBeMade = put?.is === 'unproven' && put.mayBeMade
        handOver([file])
      }
    })
    queue.files.unshift(...again)
    if (again.length > 0) sort(queue)
    if (done.length > 0) void commit(queue, done, results)
  }

  /** Whether enough of the lease is left to begin something. */
  const mayStart = ({ lease }: SmallFile): boolean => {
    const { monotonic, wall } = lease.until()
    return clock.monotonic() < monotonic && clock.now() < wall
  }

  /** Sends the files of one turn, within the slot that is held. */
  const sendTurn = async (queue: SmallFileQueue): Promise<void> => {
    const turn = takeTurn(queue)
    handOver(turn.filter((file) => !mayStart(file)))
    const files = turn.filter(mayStart)
    const [first] = files
    if (first === undefined) return
    const isHeldUp = heldUpBy(queue.pair) !== null || deps.pacer.isLimited()
    const grant = isHeldUp ? null : health.enter(queue.pair)
    if (grant === null) {
      handOver([...files, ...queue.files.splice(0)])
      return
    }
    const until = { monotonic: clock.monotonic() + mostTurnMs, wall: clock.now() + mostTurnMs }
    for (const { lease } of files) {
      const { monotonic, wall } = lease.until()
      until.monotonic = Math.min(until.monotonic, monotonic)
      until.wall = Math.min(until.wall, wall)
    }
    const target = deps.targets.for(first.job.target)
    try {
      const puts = await target.putFiles(files.map(toPut), { signal: hard.signal, until }).catch((error: unknown) => {
        logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'Small files ended in a bug')
        return files.map(() => ({ is: 'unproven', why: 'an internal error', mayBeMade: true, ms: 0 }) as const)
      })
      for (const { is } of puts) if (is === 'put') grant.succeeded()
      conclude(queue, files, puts)
    } finally {
      grant.leave()
    }
  }

  const work = async (queue: SmallFileQueue): Promise<void> => {
    for (let first = queue.files[0]; first !== undefined; first = queue.files[0]) {
      const { job } = first
      const request = { jobId: job.id, priority: () => queue.files[0]?.job.priority ?? 0, pair: queue.pair }
      const free = await slots.acquire(request, soft.signal).catch(() => null)
      if (free === null) return
      try {
        await sendTurn(queue)
      } finally {
        free()
      }
      // More may be in flight towards the pair with each success.
      wake(queue)
    }
  }

  const wake = (queue: SmallFileQueue): void => {
    const wanted = Math.min(Math.ceil(queue.files.length / filesOfTurn), health.limitOf(queue.pair))
    for (; queue.workers < wanted; queue.workers++) {
      void work(queue).finally(() => {
        queue.workers--
      })
    }
  }

  /** A higher priority goes first, and among equals the file that came first. */
  const sort = ({ files }: SmallFileQueue): void => void files.sort((a, b) => b.job.priority - a.job.priority)

  const enter = (file: SmallFile): void => {
    const { queue } = file
    if (file.stop !== null || soft.signal.aborted) {
      handOver([file])
      return
    }
    const last = queue.files.at(-1)
    queue.files.push(file)
    if (last !== undefined && last.job.priority < file.job.priority) sort(queue)
    wake(queue)
  }

  return {
    take(claim, asked) {
      const queue = queueOf(claim.job)
      size++
      queue.size++
      const stop = (reason: StopReason): void => {
        file.stop ??= reason
        if (withdraw(file)) handOver([file])
      }
      const lease = deps.leases.keep(
        claim.lease,
        {
          stopNow: stop,
          stopSoon: stop,
          tune({ priority, parallel, bandwidth, notAfter }) {
            const { bandwidth: _, ...others } = file.job.options
            const options = { ...others, parallel, notAfter, ...(bandwidth === null ? {} : { bandwidth }) }
            file.job = { ...file.job, priority, options }
            sort(queue)
            if (!isPlain(file.job) && withdraw(file)) handOver([file])
          },
        },
        asked,
      )
      const file: SmallFile = { claim, lease, queue, stop: null, job: claim.job, mayBeMade: false }
      const waitMs = unsettledMs(fingerprintOf(claim.job), clock.now())
      const go = (): void => enter(file)
      if (waitMs === 0) go()
      else void clock.sleep(waitMs, soft.signal).then(go, go)
    },
    wants() {
      if (deps.pacer.isLimited() || soft.signal.aborted) return null
      const quotas = [...queues.values()]
        .filter((queue) => queue.size > 0)
        .map((queue) => ({ ...queue.pair, limit: roomOf(queue) }))
      return { limit: room(), pairLimit: mostOfPair, quotas }
    },
    nextHandOver(hasRoom) {
      const resting = leaving.filter(({ queue }) => heldUpBy(queue.pair) !== null)
      for (const file of resting) if (withdraw(file)) void giveBack(file)
      const index = leaving.findIndex(({ queue }) => hasRoom(queue.pair))
      const [file] = index < 0 ? [] : leaving.splice(index, 1)
      return file === undefined ? null : takeOut(file)
    },
    size: () => size,
    stopSoon() {
      soft.abort(new Error('the daemon stops'))
      handOver([...leaving.splice(0), ...[...queues.values()].flatMap(({ files }) => files.splice(0))])
    },
    stopNow: () => hard.abort(new Error('the daemon stops')),
    ended: () => (size === 0 ? Promise.resolve() : new Promise((resolve) => onEnd.push(resolve))),
  }
}
