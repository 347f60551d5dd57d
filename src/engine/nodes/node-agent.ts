import type { NodeReport } from '../../core/node.js'
import type { Clock } from '../../ports/clock.js'
import type { Lease } from '../../ports/lease.js'
import type { Logger } from '../../ports/logger.js'
import type { News, NodeStore } from '../../ports/node-store.js'
import { type Agent, createAgent } from '../async/agent.js'
import type { NodeBoard } from './node-board.js'

interface Deps {
  readonly store: NodeStore
  readonly storage: { opens(signal: AbortSignal): Promise<boolean> }
  readonly node: string
  readonly board: Pick<NodeBoard, 'isAlone'>
  report(): NodeReport
  /** Returns the leases of all runs of this node. */
  leases(): readonly Lease[]
  /** Is called with what each beat brings, which the board takes too. */
  onNews(news: News): void
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Logger
}

/** Whatever another node has changed is known here so soon. */
const besideOthersMs = 500
/** A node that is alone has nothing to hear but of another that begins. */
const aloneMs = 2_500
const retryMs = 1_000

/**
 * Creates the agent that tells the store how this node stands, and hears what the other nodes have changed. Hints tell
 * of it sooner within one process only.
 */
export const createNodeAgent = ({ store, storage, node, clock, logger, ...deps }: Deps): Agent =>
  createAgent({
    name: 'nodes',
    clock,
    logger,
    gate: storage,
    backoff: { firstMs: retryMs, longestMs: retryMs },
    async round() {
      deps.onNews(await store.beat({ node, report: deps.report(), leases: deps.leases() }))
      return deps.board.isAlone() ? aloneMs : besideOthersMs
    },
  })
