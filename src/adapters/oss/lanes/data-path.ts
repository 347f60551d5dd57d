import { createAgent } from '../wire/agents.js'
import type { ExchangeRequest } from '../wire/exchange.js'
import type { Network } from '../wire/network.js'
import type { FileSender, SendFiles } from './send-files.js'
import {
  createRangeMd5,
  type DigestRange,
  type RangeSent,
  type RangeToSend,
  type SendRange,
  type SendRangeOptions,
} from './send-range.js'

/**
 * These settings describe the connections for bytes to one endpoint. They are plain data, so that they can cross to
 * another thread.
 */
export interface PoolSettings {
  readonly protocol: 'http:' | 'https:'
  /** This is the time for the way through a proxy, up to a connection that can be used. */
  readonly connectMs: number
  readonly maxSockets: number
}

/** A data pool holds the connections for the bytes of one endpoint. It sends as SendRange says. */
export interface DataPool {
  send(request: ExchangeRequest, range: RangeToSend, options: SendRangeOptions): Promise<RangeSent>
  readonly sendFiles: SendFiles
  close(): void
}

/** On the data path the bytes of parts and puts are read, hashed and sent. */
export interface DataPath {
  open(settings: PoolSettings): DataPool
  /** Returns the MD5 of a range in Base64. It throws as DigestRange does. */
  readonly md5: DigestRange
}

/** This sender sends no small file: all of them go another way. */
const noFiles: FileSender = {
  send: async ({ files }) =>
    files.map(() => ({ is: 'unsent', why: 'small files are not sent together here', isSkipped: false })),
  close: () => {},
}

/** Returns the data path on the thread that calls it. */
export const createDataPath = (
  network: Network,
  sendRange: SendRange,
  md5: DigestRange = createRangeMd5(),
  files: FileSender = noFiles,
): DataPath => ({
  md5,
  open({ protocol, connectMs, maxSockets }) {
    const agent = createAgent({ protocol, network, connectMs, maxFreeSockets: maxSockets })
    return {
      send: (request, range, options) => sendRange(agent, request, range, options),
      sendFiles: files.send,
      close: () => agent.destroy(),
    }
  },
})
