import { isWithin } from '../../core/directory.js'
import { isSeenFrom, type NodeStanding, type NodeView, nodeStateOf, viewNodes } from '../../core/node.js'
import type { Clock } from '../../ports/clock.js'

/** What this node knows of places and of the nodes beside it. */
export interface NodeBoard {
  /** The id of this node. */
  readonly node: string
  /** Returns the place of a source: this node, or null when every node sees the path. */
  placeOf(path: string): string | null
  /** Returns whether this node sees what is at the place. */
  sees(place: string | null): boolean
  /** Returns whether only a node sees the place that was not heard of for the length of a lease. */
  isAway(place: string | null): boolean
  /** Returns whether no other node takes new work, as far as was heard in the length of a lease. */
  isAlone(): boolean
  /** Returns every node that was heard of, this one too, sorted by id. */
  view(): readonly NodeView[]
  /** Takes what the store has heard. */
  take(nodes: readonly NodeStanding[]): void
}

interface Deps {
  readonly node: string
  /** The roots that other nodes see too. */
  readonly sharedRoots: readonly string[]
  readonly leaseMs: number
  readonly clock: Pick<Clock, 'monotonic'>
}

export const createNodeBoard = ({ node, sharedRoots, leaseMs, clock }: Deps): NodeBoard => {
  let taken: readonly NodeStanding[] = []
  let takenAt = 0

  /** The silence of others goes on while the store is away and tells nothing. */
  const heard = (): readonly NodeStanding[] => {
    const since = clock.monotonic() - takenAt
    return taken.map((one) => (one.id === node ? one : { ...one, silentMs: one.silentMs + since }))
  }

  return {
    node,
    placeOf: (path) => (sharedRoots.some((root) => isWithin(root, path)) ? null : node),
    sees: (place) => isSeenFrom(node, place),
    isAway(place) {
      if (isSeenFrom(node, place)) return false
      const known = heard().find(({ id }) => id === place)
      return known === undefined || nodeStateOf(known, leaseMs) === 'away'
    },
    isAlone: () => heard().every((one) => one.id === node || nodeStateOf(one, leaseMs) !== 'live'),
    view: () => viewNodes(heard(), leaseMs),
    take(nodes) {
      taken = nodes
      takenAt = clock.monotonic()
    },
  }
}
