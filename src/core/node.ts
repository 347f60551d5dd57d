/** What a node tells of itself. Instants are milliseconds since the epoch, by the clock of the node. */
export interface NodeReport {
  readonly version: string
  /** The address of its control API. It is null before it listens. */
  readonly address: string | null
  readonly startedAt: number
  /** It takes no new work. */
  readonly isDraining: boolean
  /** The number of jobs that it is working on. */
  readonly runs: number
  /** The number of parts that may be in flight at once. */
  readonly slots: number
  /** The number of threads that send. */
  readonly lanes: number
  readonly bytesPerSecond: number
  readonly roots: readonly string[]
  /** Those of the roots that other nodes see too. */
  readonly sharedRoots: readonly string[]
}

/** A node as the store last heard of it. */
export interface NodeStanding {
  readonly id: string
  readonly report: NodeReport
  /** The version of the schema that the node works with. */
  readonly schema: number
  readonly heardAt: number
  /** It was silent for so long, by the clock of the store. */
  readonly silentMs: number
}

export const nodeStates = ['live', 'draining', 'away'] as const
export type NodeState = (typeof nodeStates)[number]

/** Returns how a node stands that tells of itself far more often than once in `awayAfterMs`. */
export const nodeStateOf = ({ report, silentMs }: NodeStanding, awayAfterMs: number): NodeState =>
  silentMs >= awayAfterMs ? 'away' : report.isDraining ? 'draining' : 'live'

/** A node as the public sees it. */
export interface NodeView extends Omit<NodeReport, 'startedAt' | 'isDraining'> {
  readonly id: string
  readonly state: NodeState
  readonly schema: number
  readonly startedAt: string
  readonly heardAt: string
  /** In what the node differs from others, as sentences. */
  readonly differences: readonly string[]
}

const differencesOf = (node: NodeStanding, others: readonly NodeStanding[]): readonly string[] =>
  others.flatMap(({ id, report: { version } }) =>
    version === node.report.version ? [] : [`It runs version ${node.report.version}, and ${id} runs ${version}.`],
  )

/** Returns what the public sees of nodes. Nodes that are away differ from nobody. */
export const viewNodes = (nodes: readonly NodeStanding[], awayAfterMs: number): readonly NodeView[] => {
  const isThere = (node: NodeStanding): boolean => nodeStateOf(node, awayAfterMs) !== 'away'
  const there = nodes.filter(isThere)
  return nodes.map((node) => {
    const { startedAt, isDraining: _isDraining, ...report } = node.report
    return {
      id: node.id,
      state: nodeStateOf(node, awayAfterMs),
      schema: node.schema,
      ...report,
      startedAt: new Date(startedAt).toISOString(),
      heardAt: new Date(node.heardAt).toISOString(),
      differences: isThere(node)
        ? differencesOf(
            node,
            there.filter(({ id }) => id !== node.id),
          )
        : [],
    }
  })
}

/** Returns whether a node sees what is at this place. Null is a place that every node sees. */
export const isSeenFrom = (node: string, place: string | null): boolean => place === null || place === node
