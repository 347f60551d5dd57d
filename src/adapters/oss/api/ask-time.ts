import { type Addressing, addressingOf, authorityOf } from '../wire/addressing.js'
import { createAgent } from '../wire/agents.js'
import { ExchangeError, exchange } from '../wire/exchange.js'
import { type Network, routeTo } from '../wire/network.js'
import { controlTimeouts, type OssTimeouts } from '../wire/timeouts.js'
import { classifyBroken } from './classify.js'
import { elsewhereOf, headerOf, requestIdOf } from './oss-answers.js'

export interface AskedTime {
  /**
   * This is the Date of the answer in milliseconds since the epoch, in whole seconds. It is null when the answer had
   * none.
   */
  readonly serverAt: number | null
  /** This is the status of whatever answered. Without a signature it may well be a refusal. */
  readonly status: number
  /** Null means that the answer did not come from OSS. */
  readonly requestId: string | null
  /** This is the host that a redirect leads to. */
  readonly elsewhere: string | null
  /** This is the time from the request to the answer. */
  readonly tookMs: number
}

/**
 * Asks an endpoint for nothing in particular, unsigned, by the way that all requests take. Whatever the endpoint
 * answers, the answer shows that it is there and what time it has. Throws Failure when it cannot be reached.
 */
export const askTime = async (
  endpoint: URL,
  chosen: Addressing,
  network: Network,
  timeouts: OssTimeouts,
  signal: AbortSignal,
): Promise<AskedTime> => {
  // No bucket stands before the name, because the endpoint itself is asked, whatever the addressing is.
  const addressing = addressingOf(endpoint, chosen) === 'cname' ? 'cname' : 'path'
  const { host, ...route } = routeTo(authorityOf(endpoint, addressing, ''), network)
  const { connectMs } = timeouts
  const agent = createAgent({ protocol: route.protocol, network, connectMs, maxFreeSockets: 1 })
  const request = { ...route, path: '/', method: 'GET', headers: { host }, timeouts: controlTimeouts(timeouts) }
  const startedAt = performance.now()
  try {
    const answer = await exchange(agent, request, async () => {}, signal)
    const serverAt = Date.parse(headerOf(answer, 'date') ?? '')
    const tookMs = performance.now() - startedAt
    const { status } = answer
    const requestId = requestIdOf(answer)
    const elsewhere = elsewhereOf(answer, null)
    return { serverAt: Number.isNaN(serverAt) ? null : serverAt, status, requestId, elsewhere, tookMs }
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    throw classifyBroken({ call: 'ask', errno: error.errno, phase: error.phase, proxy: error.proxy })
  } finally {
    agent.destroy()
  }
}
