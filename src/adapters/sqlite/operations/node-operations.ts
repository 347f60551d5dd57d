import type { NodeReport, NodeStanding } from '../../../core/node.js'
import type { Lease } from '../../../ports/lease.js'
import type { HeartbeatAnswer } from '../../../ports/queue-store.js'
import type { JobWriter } from '../jobs/job-writer.js'
import type { Operations } from '../thread/protocol.js'
import { desireOf } from './queue-operations.js'
import { storedSettings } from './settings-operations.js'

/**
 * Creates the operation by which nodes hear of each other. How they stand is kept in memory, because all that can ask
 * for it ends with this thread, and because an idle daemon must not keep its disk awake.
 */
export const createNodeOperations = ({ database, statements }: JobWriter) => {
  const heard = new Map<string, { readonly report: NodeReport; readonly at: number }>()
  const schema = database.pragma('user_version', { simple: true }) as number

  const standings = (now: number): readonly NodeStanding[] =>
    [...heard]
      .map(([id, { report, at }]) => ({ id, report, schema, heardAt: at, silentMs: Math.max(0, now - at) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))

  const hear = (lease: Lease): HeartbeatAnswer => {
    const isHeld = statements.heldLease.get({ id: lease.jobId, epoch: lease.epoch }) !== undefined
    return desireOf(statements, lease, isHeld)
  }

  return {
    beat: (at, { node, report, leases }) => {
      heard.set(node, { report, at })
      const { id: newestVerb } = statements.newestVerb.get() as { id: number }
      return {
        desires: leases.map(hear),
        settings: storedSettings(statements),
        newestVerb,
        nodes: standings(at),
      }
    },
  } satisfies Partial<Operations>
}
