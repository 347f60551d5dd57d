import type { MessagePort } from 'node:worker_threads'
import type { Crc64Factory } from '../../../core/crc64.js'
import type { ReadWholeFile } from '../../../ports/source.js'
import { createNetwork } from '../wire/network.js'
import { createDataPath, type DataPool } from './data-path.js'
import { describeError, type LaneSettings, type Order, type Report, Stopped } from './lane-protocol.js'
import { createPaceGate } from './pace-gate.js'
import { createFileSender } from './send-files.js'
import { createRangeHasher, createRangeMd5, createRangeSender } from './send-range.js'
import { createSourceReads } from './source-reads.js'

export interface LaneDeps {
  readonly port: MessagePort
  readonly settings: LaneSettings
  readonly createCrc64: Crc64Factory
  readonly readFile: ReadWholeFile
}

/** An errand is what is in flight of one order. */
interface Errand {
  readonly abort: AbortController
  confirmed(yes: boolean): void
}

const urlOf = (text: string | null): URL | null => (text === null ? null : new URL(text))

/** Runs the thread's side of a lane: it carries out orders and reports, until it is told to end. */
export const serveLane = ({ port, settings, createCrc64, readFile }: LaneDeps): void => {
  const network = createNetwork({
    ...settings,
    httpProxy: urlOf(settings.httpProxy),
    httpsProxy: urlOf(settings.httpsProxy),
  })
  let reports: Report[] = []
  const flush = (): void => {
    port.postMessage(reports)
    reports = []
  }
  // The reports of one turn travel together.
  const report = (one: Report): void => {
    if (reports.push(one) === 1) setImmediate(flush)
  }

  const reads = createSourceReads({
    most: settings.mostReads,
    onStuck: (fd) => report({ is: 'stuck', fd }),
    onUnstuck: (fd) => report({ is: 'unstuck', fd }),
  })
  const pace = createPaceGate({ memory: settings.pace })
  const digests = { crc64: createRangeHasher(createCrc64, reads), md5: createRangeMd5(reads) }
  const files = createFileSender(network, readFile, createCrc64)
  const dataPath = createDataPath(network, createRangeSender(createCrc64, pace, reads), digests.md5, files)
  const pools = new Map<number, DataPool>()
  const errands = new Map<number, Errand>()
  let ending = false

  const endWhenIdle = (): void => {
    if (!ending || errands.size > 0) return
    for (const pool of pools.values()) pool.close()
    files.close()
    port.close()
  }

  const perform = async (id: number, work: (errand: Errand) => Promise<Report>): Promise<void> => {
    const errand: Errand = { abort: new AbortController(), confirmed: () => {} }
    errands.set(id, errand)
    try {
      report(await work(errand))
    } catch (error) {
      report({ is: 'failed', id, error: describeError(error) })
    } finally {
      errands.delete(id)
      endWhenIdle()
    }
  }

  const poolOf = (number: number): DataPool => {
    const opened = pools.get(number)
    if (opened === undefined) throw new Error(`There is no pool ${number}`)
    return opened
  }

  const send = (order: Extract<Order, { do: 'send' }>): Promise<void> =>
    perform(order.id, async (errand) => {
      const { id, pool, request, range, confirms, account } = order
      const confirm = (): Promise<void> =>
        new Promise((resolve, reject) => {
          errand.confirmed = (yes) => (yes ? resolve() : reject(new Stopped()))
          errand.abort.signal.addEventListener('abort', () => reject(errand.abort.signal.reason), { once: true })
          report({ is: 'confirm', id })
        })
      const sent = await poolOf(pool).send(request, range, {
        signal: errand.abort.signal,
        account,
        onProgress: (bytesSent) => report({ is: 'progress', id, bytesSent }),
        ...(confirms ? { confirm } : {}),
      })
      return { is: 'sent', id, sent }
    })

  const carryOut = (order: Order): void => {
    switch (order.do) {
      case 'open':
        pools.set(order.pool, dataPath.open(order.settings))
        return
      case 'shut':
        pools.get(order.pool)?.close()
        pools.delete(order.pool)
        return
      case 'send':
        void send(order)
        return
      case 'files': {
        const { id, pool, order: given } = order
        void perform(id, async ({ abort }) => {
          const reports = await poolOf(pool).sendFiles(given, abort.signal)
          return { is: 'filed', id, reports }
        })
        return
      }
      case 'hash': {
        const { id, range, by } = order
        void perform(id, async ({ abort }) => ({ is: 'hashed', id, digest: await digests[by](range, abort.signal) }))
        return
      }
      case 'go_on':
        errands.get(order.id)?.confirmed(order.confirmed)
        return
      case 'abort':
        errands.get(order.id)?.abort.abort(new Stopped())
        return
      case 'end':
        ending = true
        endWhenIdle()
    }
  }

  port.on('message', (orders: readonly Order[]) => {
    for (const order of orders) carryOut(order)
  })
  // This report goes out at once, because an order that kills this thread must not look like a thread that cannot
  // begin.
  port.postMessage([{ is: 'ready' }] satisfies Report[])
}
