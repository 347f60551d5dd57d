import type { ChoreStore } from '../../src/ports/chore-store.js'
import type { MemoryOperations } from './memory-operations.js'

interface Row {
  readonly epoch: number
  until: number
}

/** Creates the chores of the memory store. */
export const createMemoryChores = (now: () => number) => {
  const rows = new Map<string, Row>()
  let lastEpoch = 0

  const isHeld = (name: string, epoch: number): boolean => rows.get(name)?.epoch === epoch

  const operations: Pick<MemoryOperations, keyof ChoreStore> = {
    takeChore({ name, leaseMs }) {
      const at = now()
      for (const [ended, { until }] of rows) if (until <= at) rows.delete(ended)
      const held = rows.get(name)
      if (held !== undefined) return { kind: 'held', forMs: held.until - at }
      const epoch = ++lastEpoch
      rows.set(name, { epoch, until: at + leaseMs })
      return { kind: 'taken', chore: { name, epoch } }
    },
    keepChore({ name, epoch }, leaseMs) {
      const row = rows.get(name)
      if (row === undefined || row.epoch !== epoch) return false
      row.until = now() + leaseMs
      return true
    },
    leaveChore({ name, epoch }) {
      if (isHeld(name, epoch)) rows.delete(name)
    },
  }

  return {
    operations,
    isHeld,
    clockMoved(by: number): void {
      for (const row of rows.values()) row.until += by
    },
  }
}
