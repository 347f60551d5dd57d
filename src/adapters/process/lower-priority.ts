import { constants, getPriority, setPriority } from 'node:os'

/**
 * Adds `nice` to the nice value of the calling thread, so that it gives way to others where cores are short. On Linux the
 * nice value belongs to a thread, and to threads that it starts later. Elsewhere it belongs to the process, so nothing
 * happens there. It cannot be taken back without privileges.
 */
export const lowerPriorityOfThread = (nice: number): void => {
  if (nice === 0 || process.platform !== 'linux') return
  try {
    setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + nice))
  } catch (error) {
    // A sandbox may forbid the call. The thread does its work all the same.
    process.emitWarning(`The nice value of a thread cannot be set: ${error instanceof Error ? error.message : error}`)
  }
}
