import { createAgent } from '../wire/agents.js'
import type { ExchangeRequest } from '../wire/exchange.js'
import type { Network } from '../wire/network.js'
import {
  createRangeMd5,
  type DigestRange,
  type RangeSent,
  type RangeToSend,
  type SendRange,
  type SendRangeOptions,
} from './send-range.js'

/** What connections for bytes to one endpoint are like. Plain data, so that it can cross to another thread. */
export interface PoolSettings {
  readonly protocol: 'http:' | 'https:'
  /** For the way through a proxy up to a connection that can be used. */
  readonly connectMs: number
  readonly maxSockets: number
}

/** Connections for the bytes of one endpoint. Sends as SendRange says. */
export interface DataPool {
  send(request: ExchangeRequest, range: RangeToSend, options: SendRangeOptions): Promise<RangeSent>
  close(): void
}

/** Where the bytes of parts and puts are read, hashed and sent. */
export interface DataPath {
  open(settings: PoolSettings): DataPool
  /** The MD5 of a range in Base64. Throws as DigestRange does. */
  readonly md5: DigestRange
}

/** The data path on the thread that calls it. */
export const createDataPath = (
  network: Network,
  sendRange: SendRange,
  md5: DigestRange = createRangeMd5(),
): DataPath => ({
  md5,
  open({ protocol, connectMs, maxSockets }) {
    const agent = createAgent({ protocol, network, connectMs, maxFreeSockets: maxSockets })
    return {
      send: (request, range, options) => sendRange(agent, request, range, options),
      close: () => agent.destroy(),
    }
  },
})
