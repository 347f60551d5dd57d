import { Worker } from 'node:worker_threads'
import { Failure } from '../../../core/failure.js'
import type { Logger } from '../../../ports/logger.js'
import type { NetworkSettings } from '../wire/network.js'
import type { DataPath } from './data-path.js'
import { errorFrom, type LaneSettings, type Order, type Report } from './lane-protocol.js'
import { everything } from './pace-memory.js'
import type { RangeSent, RangeToSend, SendRangeOptions } from './send-range.js'
import { createStuckDescriptors } from './stuck-descriptors.js'

export interface LanesDeps {
  readonly count: number
  readonly network: NetworkSettings
  /** What the pacer writes and the lanes read. */
  readonly pace: SharedArrayBuffer
  readonly logger: Logger
  /** Threads that all reads of sources may take together, those that hang among them. */
  readonly readThreads: number
  /** The compiled entry of a lane's thread. */
  readonly threadUrl: URL
  /** Called when lanes die faster than they can be replaced. */
  onFatal(failure: { readonly exitCode: number; readonly message: string }): void
}

export interface LanesReport {
  /** What each lane has in flight. */
  readonly inFlight: readonly number[]
  /** Lanes that died and were replaced. */
  readonly replaced: number
}

/**
 * Worker threads that move bytes. What is given to them settles only when its lane has said that nothing of it is in
 * flight any more but for reads that hang, so a descriptor may be closed once it is `quiet`. A lane that dies is replaced, and what it had in flight is done
 * again from its beginning: a part or a put that is sent twice replaces itself.
 */
export interface Lanes extends DataPath {
  /** CRC-64/XZ of a range, decimal. Throws Failure `changed`, `local` or `stalled`, or the signal's reason. */
  hash(range: RangeToSend, signal: AbortSignal): Promise<string>
  /** Null when no read of the descriptor is out; else resolves once none is. */
  quiet(fd: number): Promise<void> | null
  /** Reads of sources that were given up and are still out: while there are any, their threads cannot end. */
  stuckReads(): number
  report(): LanesReport
  /** Resolves when all that was given has settled and every lane has ended that is not held up by a read that hangs. */
  close(): Promise<void>
}

type Work = Extract<Order, { do: 'send' | 'hash' }>

interface Call {
  readonly work: Work
  readonly signal: AbortSignal
  readonly onProgress: SendRangeOptions['onProgress']
  readonly confirm: SendRangeOptions['confirm']
  /** What `confirm` threw. */
  refusal: { readonly reason: unknown } | null
  /** Lanes that died under it. */
  deaths: number
  succeed(value: RangeSent | string): void
  fail(error: unknown): void
}

interface Lane {
  readonly calls: Map<number, Call>
  /** Descriptors of its reads that hang, one entry for each read. */
  readonly stuck: number[]
  /** Its thread has ended. */
  ended: boolean
  post(order: Order): void
}

/** A call that lanes die of is ended as if the network had failed it. */
const mostDeathsOfCall = 3
/** In a row, without one that was ready. */
const mostDeathsAtStart = 3
/** What a lane makes is dead in milliseconds: more room for it is memory spent on garbage. */
const laneMemory = { maxYoungGenerationSizeMb: 4 }
/** As of sysexits.h: internal software error. */
const exitSoftware = 70

/** A lane needs room for a file system that hangs and for one that does not. */
const fewestReads = 2

const settingsOf = ({ network, pace, readThreads, count }: LanesDeps): LaneSettings => ({
  httpProxy: network.httpProxy?.href ?? null,
  httpsProxy: network.httpsProxy?.href ?? null,
  noProxy: network.noProxy,
  ca: network.ca,
  pace,
  mostReads: Math.max(fewestReads, Math.floor(readThreads / count)),
})

export const startLanes = (deps: LanesDeps): Lanes => {
  const { count, logger, threadUrl, onFatal } = deps
  const workerData = settingsOf(deps)
  const stuck = createStuckDescriptors()
  const pools = new Map<number, Order>()
  let lastId = 0
  let replaced = 0
  let unreadyDeaths = 0
  let closing: Promise<void> | null = null
  let onClosed = (): void => {}

  const askToConfirm = async (lane: Lane, id: number, call: Call): Promise<void> => {
    const { deaths } = call
    let confirmed = true
    try {
      await call.confirm?.()
    } catch (reason) {
      call.refusal = { reason }
      confirmed = false
    }
    // Another lane has begun it anew meanwhile, and asks for itself.
    if (call.deaths === deaths) lane.post({ do: 'go_on', id, confirmed })
  }

  /** Why a call ended, as its caller is to see it. */
  const causeOf = (call: Call, error: Error | null): unknown => {
    if (error !== null) return error
    return call.signal.aborted ? call.signal.reason : call.refusal?.reason
  }

  const hearOfRead = (lane: Lane, report: Extract<Report, { is: 'stuck' | 'unstuck' }>): void => {
    if (report.is === 'stuck') {
      if (stuck.size() === 0) logger.warn({}, 'Reads of sources get no answer from their file system')
      lane.stuck.push(report.fd)
      stuck.add(report.fd)
    } else {
      lane.stuck.splice(lane.stuck.indexOf(report.fd), 1)
      stuck.remove(report.fd)
      if (stuck.size() === 0) logger.info({}, 'Every read of a source has been answered')
    }
  }

  const hear = (lane: Lane, report: Report): void => {
    if (report.is === 'ready') {
      unreadyDeaths = 0
      return
    }
    if (report.is === 'stuck' || report.is === 'unstuck') {
      hearOfRead(lane, report)
      return
    }
    const call = lane.calls.get(report.id)
    if (call === undefined) return
    switch (report.is) {
      case 'progress':
        call.onProgress(report.bytesSent)
        return
      case 'confirm':
        void askToConfirm(lane, report.id, call)
        return
      case 'sent':
      case 'hashed':
        lane.calls.delete(report.id)
        call.succeed(report.is === 'sent' ? report.sent : report.digest)
        return
      case 'failed':
        lane.calls.delete(report.id)
        call.fail(causeOf(call, errorFrom(report.error)))
    }
  }

  const startLane = (index: number): Lane => {
    const worker = new Worker(threadUrl, { workerData, name: `lane ${index}`, resourceLimits: laneMemory })
    let orders: Order[] = []
    const lane: Lane = {
      calls: new Map(),
      stuck: [],
      ended: false,
      // Orders of one turn travel together: to wake a thread costs more than to copy an order.
      post(order) {
        if (orders.push(order) > 1) return
        setImmediate(() => {
          worker.postMessage(orders)
          orders = []
        })
      },
    }
    worker.on('message', (reports: readonly Report[]) => {
      for (const report of reports) hear(lane, report)
      endIfOver()
    })
    let reason = 'it ended by itself'
    worker.once('error', (error) => {
      reason = error.message
    })
    worker.once('exit', () => {
      lane.ended = true
      // A thread ends behind its last read.
      for (const fd of lane.stuck.splice(0)) stuck.remove(fd)
      if (closing === null || lane.calls.size > 0) replace(index, lane, reason)
      endIfOver()
    })
    for (const open of pools.values()) lane.post(open)
    return lane
  }

  const give = (call: Call): void => {
    if (call.signal.aborted) {
      call.fail(call.signal.reason)
      return
    }
    const lane = lanes.reduce((best, other) => (other.calls.size < best.calls.size ? other : best))
    lane.calls.set(call.work.id, call)
    lane.post(call.work)
  }

  const replace = (index: number, dead: Lane, reason: string): void => {
    replaced += 1
    unreadyDeaths += 1
    logger.error({ lane: index, inFlight: dead.calls.size, reason }, 'A lane died and is replaced')
    if (unreadyDeaths >= mostDeathsAtStart) {
      onFatal({ exitCode: exitSoftware, message: `The threads that move bytes cannot run: ${reason}` })
      return
    }
    const lane = startLane(index)
    lanes[index] = lane
    for (const call of dead.calls.values()) {
      call.deaths += 1
      if (call.deaths < mostDeathsOfCall) give(call)
      else call.fail(new Failure('transient', `${mostDeathsOfCall} lanes died while they sent it: ${reason}`))
    }
    if (closing !== null) lane.post({ do: 'end' })
  }

  /** A lane of which a read hangs cannot end, and nobody waits for it. */
  const isOver = (lane: Lane): boolean => lane.ended || (lane.calls.size === 0 && lane.stuck.length > 0)
  const endIfOver = (): void => {
    if (closing !== null && lanes.every(isOver)) onClosed()
  }

  const lanes: Lane[] = Array.from({ length: count }, (_, index) => startLane(index))

  const tellAll = (order: Order): void => {
    for (const lane of lanes) lane.post(order)
  }

  const call = <T extends RangeSent | string>(
    work: Work,
    { signal, onProgress, confirm }: SendRangeOptions,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        for (const lane of lanes) if (lane.calls.has(work.id)) lane.post({ do: 'abort', id: work.id })
      }
      const settled = (): void => signal.removeEventListener('abort', onAbort)
      signal.addEventListener('abort', onAbort, { once: true })
      give({
        work,
        signal,
        onProgress,
        confirm,
        refusal: null,
        deaths: 0,
        succeed: (value) => {
          settled()
          resolve(value as T)
        },
        fail: (error) => {
          settled()
          reject(error)
        },
      })
    })

  const digest = (range: RangeToSend, by: 'crc64' | 'md5', signal: AbortSignal): Promise<string> =>
    call({ do: 'hash', id: ++lastId, range, by }, { signal, onProgress: () => {} })

  return {
    open(settings) {
      const pool = ++lastId
      const opening: Order = { do: 'open', pool, settings }
      pools.set(pool, opening)
      tellAll(opening)
      return {
        send: (request, range, options) => {
          const { confirm, account = everything } = options
          const confirms = confirm !== undefined
          return call({ do: 'send', id: ++lastId, pool, request, range, confirms, account }, options)
        },
        close() {
          pools.delete(pool)
          tellAll({ do: 'shut', pool })
        },
      }
    },
    hash: (range, signal) => digest(range, 'crc64', signal),
    md5: (range, signal) => digest(range, 'md5', signal),
    quiet: stuck.quiet,
    stuckReads: stuck.size,
    report: () => ({ inFlight: lanes.map(({ calls }) => calls.size), replaced }),
    close() {
      if (closing === null) {
        closing = new Promise((resolve) => {
          onClosed = resolve
        })
        tellAll({ do: 'end' })
        endIfOver()
      }
      return closing
    },
  }
}
