import { Worker } from 'node:worker_threads'
import { Failure } from '../../../core/failure.js'
import type { Logger } from '../../../ports/logger.js'
import type { NetworkSettings } from '../wire/network.js'
import type { DataPath } from './data-path.js'
import { errorFrom, type LaneSettings, type Order, type Report } from './lane-protocol.js'
import { everything } from './pace-memory.js'
import type { FileReport } from './send-files.js'
import type { RangeSent, RangeToSend, SendRangeOptions } from './send-range.js'
import { createStuckDescriptors } from './stuck-descriptors.js'

export interface LanesDeps {
  readonly count: number
  /** This is added to the nice value of each lane's thread. */
  readonly nice: number
  readonly network: NetworkSettings
  /** The pacer writes this memory and the lanes read it. */
  readonly pace: SharedArrayBuffer
  readonly logger: Logger
  /** All reads of sources together may take so many threads, including reads that hang. */
  readonly readThreads: number
  /** This is the compiled entry of a lane's thread. */
  readonly threadUrl: URL
  /** The entry gets this beside the settings of the lane. It is plain data. */
  readonly threadData?: object
  /** This is called before a lane's thread starts, and what it returns once the thread runs or has ended. */
  readonly beginThread?: () => () => void
  /** This is called when lanes die faster than they can be replaced. */
  onFatal(failure: { readonly exitCode: number; readonly message: string }): void
}

export interface LanesReport {
  /** This is what each lane has in flight. */
  readonly inFlight: readonly number[]
  /** So many lanes died and were replaced. */
  readonly replaced: number
}

/**
 * Lanes are worker threads that move bytes. A call settles only when its lane has said that nothing of it is in flight
 * any more, except reads that hang. So a descriptor may be closed once it is `quiet`. A lane that dies is replaced, and
 * what it had in flight is done again from its beginning, because a part or a put that is sent twice replaces itself.
 */
export interface Lanes extends DataPath {
  /**
   * Returns the CRC-64/XZ of a range as a decimal. It throws Failure `changed`, `local` or `stalled`, or the signal's
   * reason.
   */
  hash(range: RangeToSend, signal: AbortSignal): Promise<string>
  /** Returns null when no read of the descriptor is out. Otherwise the promise resolves once none is. */
  quiet(fd: number): Promise<void> | null
  /**
   * Returns the number of reads of sources that were given up and are still out. While there are any, their threads
   * cannot end.
   */
  stuckReads(): number
  report(): LanesReport
  /** Resolves when every call has settled and every lane has ended that no hanging read holds up. */
  close(): Promise<void>
}

type Work = Extract<Order, { do: 'send' | 'files' | 'hash' }>

/** What a call of each kind of work resolves to. */
type Done = RangeSent | readonly FileReport[] | string

interface Call {
  readonly work: Work
  readonly signal: AbortSignal
  readonly onProgress: SendRangeOptions['onProgress']
  readonly confirm: SendRangeOptions['confirm']
  /** This is what `confirm` threw. */
  refusal: { readonly reason: unknown } | null
  /** So many lanes died while they worked on this call. */
  deaths: number
  succeed(value: Done): void
  fail(error: unknown): void
}

interface Lane {
  readonly calls: Map<number, Call>
  /** These are the descriptors of its reads that hang, with one entry for each read. */
  readonly stuck: number[]
  /** It is true once its thread has ended. */
  ended: boolean
  post(order: Order): void
}

/** When lanes keep dying of one call, the call ends as if the network had failed it. */
const mostDeathsOfCall = 3
/** This counts deaths in a row, without a lane between them that was ready. */
const mostDeathsAtStart = 3
/** The objects that a lane makes are dead in milliseconds, so more room for them would be memory spent on garbage. */
const laneMemory = { maxYoungGenerationSizeMb: 4 }
/** This is the exit code of sysexits.h for an internal software error. */
const exitSoftware = 70

/** A lane needs room for a file system that hangs and for one that does not. */
const fewestReads = 2

const settingsOf = ({ network, pace, readThreads, count, nice }: LanesDeps): LaneSettings => ({
  httpProxy: network.httpProxy?.href ?? null,
  httpsProxy: network.httpsProxy?.href ?? null,
  noProxy: network.noProxy,
  ca: network.ca,
  pace,
  mostReads: Math.max(fewestReads, Math.floor(readThreads / count)),
  nice,
})

export const startLanes = (deps: LanesDeps): Lanes => {
  const { count, logger, threadUrl, onFatal, beginThread = () => () => {} } = deps
  const workerData = { ...deps.threadData, ...settingsOf(deps) }
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
    // If another lane has begun the call anew meanwhile, that lane asks for itself.
    if (call.deaths === deaths) lane.post({ do: 'go_on', id, confirmed })
  }

  /** Returns why a call ended, as its caller should see it. */
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
      case 'filed':
      case 'hashed':
        lane.calls.delete(report.id)
        call.succeed(report.is === 'sent' ? report.sent : report.is === 'filed' ? report.reports : report.digest)
        return
      case 'failed':
        lane.calls.delete(report.id)
        call.fail(causeOf(call, errorFrom(report.error)))
    }
  }

  const startLane = (index: number): Lane => {
    const begun = beginThread()
    const worker = new Worker(threadUrl, { workerData, name: `lane ${index}`, resourceLimits: laneMemory })
    worker.once('message', begun).once('exit', begun)
    let orders: Order[] = []
    const lane: Lane = {
      calls: new Map(),
      stuck: [],
      ended: false,
      // The orders of one turn travel together, because waking a thread costs more than copying an order.
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
    let reason = 'it ended on its own'
    worker.once('error', (error) => {
      reason = error.message
    })
    worker.once('exit', () => {
      lane.ended = true
      // A thread ends only after its last read.
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
    logger.error({ lane: index, inFlight: dead.calls.size, reason }, 'A lane died and is being replaced')
    if (unreadyDeaths >= mostDeathsAtStart) {
      onFatal({ exitCode: exitSoftware, message: `The threads that move bytes cannot run: ${reason}` })
      return
    }
    const lane = startLane(index)
    lanes[index] = lane
    for (const call of dead.calls.values()) {
      call.deaths += 1
      // Of small files nobody knows how far the lane came, so their caller has to ask OSS.
      if (call.work.do === 'files') call.fail(new Failure('transient', `A lane died while it sent them: ${reason}`))
      else if (call.deaths < mostDeathsOfCall) give(call)
      else call.fail(new Failure('transient', `${mostDeathsOfCall} lanes died while they sent it: ${reason}`))
    }
    if (closing !== null) lane.post({ do: 'end' })
  }

  /**
   * Returns whether there is nothing to wait for. A lane with a read that hangs cannot end, so the close does not wait
   * for it.
   */
  const isOver = (lane: Lane): boolean => lane.ended || (lane.calls.size === 0 && lane.stuck.length > 0)
  const endIfOver = (): void => {
    if (closing !== null && lanes.every(isOver)) onClosed()
  }

  const lanes: Lane[] = Array.from({ length: count }, (_, index) => startLane(index))

  const tellAll = (order: Order): void => {
    for (const lane of lanes) lane.post(order)
  }

  const call = <T extends Done>(work: Work, { signal, onProgress, confirm }: SendRangeOptions): Promise<T> =>
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
        sendFiles: (order, signal) =>
          call({ do: 'files', id: ++lastId, pool, order }, { signal, onProgress: () => {} }),
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
