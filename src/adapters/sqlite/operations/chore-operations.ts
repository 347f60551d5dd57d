import type { JobWriter } from '../jobs/job-writer.js'
import type { Operations } from '../thread/protocol.js'

/** Creates the operations that say which node does what is no job. */
export const createChoreOperations = ({ statements }: JobWriter) =>
  ({
    takeChore: (at, { name, node, leaseMs }) => {
      statements.dropEndedChores.run(at)
      const held = statements.choreByName.get(name) as { until: number } | undefined
      if (held !== undefined) return { kind: 'held', forMs: held.until - at }
      const { lastInsertRowid } = statements.insertChore.run({ name, node, until: at + leaseMs })
      return { kind: 'taken', chore: { name, epoch: Number(lastInsertRowid) } }
    },
    keepChore: (at, { name, epoch }, leaseMs) =>
      statements.keepChore.run({ name, epoch, until: at + leaseMs }).changes === 1,
    leaveChore: (_at, { name, epoch }) => void statements.leaveChore.run({ name, epoch }),
  }) satisfies Partial<Operations>
