import { z } from 'zod'
import { type NodeView, nodeStates } from '../../core/node.js'
import { instant, size } from './fields.js'

const exampleNode: NodeView = {
  id: 'uploader-1',
  state: 'live',
  version: '1.4.0',
  schema: 24,
  address: 'http://127.0.0.1:8484',
  startedAt: '2026-01-01T00:00:00.000Z',
  heardAt: '2026-01-01T08:00:00.250Z',
  runs: 9,
  slots: 16,
  lanes: 2,
  bytesPerSecond: 104857600,
  roots: ['/srv/in'],
  sharedRoots: [],
  differences: [],
}

const nodeSchema = z.object({
  id: z.string(),
  state: z.enum(nodeStates).describe('`away`: it was not heard of for the length of a lease.'),
  version: z.string(),
  schema: size.describe('The version of the database schema that it works with.'),
  address: z.string().nullable().describe('Where its control API listens.'),
  startedAt: instant,
  heardAt: instant,
  runs: size.describe('Jobs that it is working on.'),
  slots: size.describe('Parts and puts that it may have in flight.'),
  lanes: size.describe('Threads that send.'),
  bytesPerSecond: z.number().min(0),
  roots: z.array(z.string()).readonly(),
  sharedRoots: z.array(z.string()).readonly().describe('Those of the roots that other nodes see too.'),
  differences: z.array(z.string()).readonly().describe('In what it differs from other nodes that are there.'),
})

export const nodesSchema = z
  .object({ items: z.array(nodeSchema).readonly() })
  .meta({ description: 'The nodes that work on the same jobs, sorted by id.', examples: [{ items: [exampleNode] }] })
