import type { BatchFile, BatchProblem } from './batch.js'

const keyTaken = (path: string, key: string): BatchProblem => ({
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

const targetBusy = (path: string, jobId: string): BatchProblem => ({
  path,
  code: 'target_busy',
  message: `Job ${jobId} is writing the same object and is not settled`,
  jobId,
})

/**
 * Returns what becomes of a file that a walk found. `known` says that the batch has it already. `own` is the path of the
 * file of the batch that has its key. `rival` is the job outside the batch that writes the same object.
 */
export const meetFile = (
  { path, key }: BatchFile,
  own: string | null,
  rival: string | null,
): 'accepted' | 'known' | BatchProblem => {
  if (own !== null) return own === path ? 'known' : keyTaken(path, key)
  return rival === null ? 'accepted' : targetBusy(path, rival)
}
