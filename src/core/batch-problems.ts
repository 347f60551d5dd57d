import type { BatchProblem } from './batch.js'

/** These are the sentences of problems that are found in more than one place. */
export const keyTaken = (path: string, key: string): BatchProblem => ({
  path,
  code: 'key_taken',
  message: `Another file of the batch goes to ${key}`,
  jobId: null,
})

export const nothingMatched = (dir: string): BatchProblem => ({
  path: dir,
  code: 'nothing_matched',
  message: 'No file below it matches include, or exclude leaves out all that do',
  jobId: null,
})

export const targetBusy = (path: string, jobId: string): BatchProblem => ({
  path,
  code: 'target_busy',
  message: `Job ${jobId} is writing the same object and is not settled`,
  jobId,
})
