import type { Statements } from '../sql/statements.js'

/** The numbers by which rows name nodes as places. */
export interface Places {
  /** Returns the number of a node, which gets one at the first time. Null stands for any node. */
  numberOf(node: string | null): number | null
  /** Returns the number of a node; 0, which is the number of none, when nothing names it. */
  find(node: string): number
  /** Forgets what a transaction that was rolled back may have said. */
  forget(): void
}

export const createPlaces = ({ nodes, insertNode }: Pick<Statements, 'nodes' | 'insertNode'>): Places => {
  let known: Map<string, number> | null = null

  /** The node of this database comes last, and so wins when it took the id of another. */
  const read = (): Map<string, number> =>
    new Map((nodes.all() as { n: number; id: string }[]).map(({ n, id }) => [id, n]))

  const find: Places['find'] = (node) => {
    known ??= read()
    return known.get(node) ?? 0
  }

  return {
    numberOf(node) {
      if (node === null) return null
      const number = find(node)
      if (number !== 0) return number
      known = null
      return Number(insertNode.run(node).lastInsertRowid)
    },
    find,
    forget: () => {
      known = null
    },
  }
}
