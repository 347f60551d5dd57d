import type { NodesView } from '../client/api.js'
import { formatBytes } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'

type Node = NodesView['items'][number]

const nodeLines = (node: Node): readonly string[] => {
  const work = `${node.runs} running, ${node.slots} slots, ${node.lanes} lanes, ${formatBytes(node.bytesPerSecond)}/s`
  const address = node.address === null ? '' : `  ${escapeText(node.address)}`
  return [
    `${escapeText(node.id)}  ${node.state}  version ${escapeText(node.version)}${address}`,
    `  ${node.state === 'away' ? `last heard of at ${node.heardAt}` : work}`,
    ...node.differences.map((difference) => `  ${escapeText(difference)}`),
  ]
}

export const nodesLines = ({ items }: NodesView): readonly string[] => items.flatMap(nodeLines)
