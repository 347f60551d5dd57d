/**
 * These are the names of chores. A chore is work that is no job, and that one node does at a time. A chore of a batch or
 * of a verb has the id in its name.
 */
export const janitorChore = 'janitor'
export const prunerChore = 'pruner'
export const verbChore = (verbId: number): string => `verb:${verbId}`
export const walkChore = (batchId: string): string => `walk:${batchId}`
