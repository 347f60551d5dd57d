import type { NodeView } from '../../core/node.js'
import type { NodeBoard } from '../nodes/node-board.js'

/** Shows the nodes that work on the same store. */
export interface Nodes {
  /** Returns every node that was heard of, sorted by id. This one is known from its first beat on. */
  list(): readonly NodeView[]
}

export const createNodes = ({ board }: { readonly board: Pick<NodeBoard, 'view'> }): Nodes => ({ list: board.view })
