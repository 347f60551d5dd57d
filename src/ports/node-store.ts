import type { NodeReport, NodeStanding } from '../core/node.js'
import type { Lease } from './lease.js'
import type { HeartbeatAnswer } from './queue-store.js'

/** What a node tells with each beat. */
export interface Beat {
  readonly node: string
  readonly report: NodeReport
  /** Of these leases the node wants to hear. They are not renewed. */
  readonly leases: readonly Lease[]
}

/** What a node has to know that others may have changed. It is whole each time, so that no beat may be missed. */
export interface News {
  /** What users want of the jobs under the leases, one for each in their order. */
  readonly desires: readonly HeartbeatAnswer[]
  /** The stored settings, as `storedSettings` returns them. */
  readonly settings: Readonly<Record<string, string>>
  /** The number of the newest bulk verb; 0 when there never was one. */
  readonly newestVerb: number
  /** Every node that the store has heard of, this one too, sorted by id. */
  readonly nodes: readonly NodeStanding[]
}

/**
 * How the nodes on one store hear of each other. Hints reach only listeners of the same process, so everything that
 * another node may have changed is asked for, again and again. Adapters throw as JobStore does.
 */
export interface NodeStore {
  /** Notes how the node stands, and returns the news. It changes nothing else. */
  beat(beat: Beat): Promise<News>
}
