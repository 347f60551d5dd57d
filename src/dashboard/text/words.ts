import type { BatchProblemCode, BatchState } from '../../core/batch.js'
import type { BatchView } from '../../core/batch-view.js'
import type { EventType } from '../../core/event.js'
import type { JobErrorCode } from '../../core/failure.js'
import type { JobState, Proof, Waiting } from '../../core/job.js'
import type { IfExists } from '../../core/job-options.js'
import type { JobView } from '../../core/job-view.js'

/** A badge shows a state by a colour (its tone), by an icon and always by a word. */
export type Tone = 'calm' | 'active' | 'good' | 'warn' | 'bad'

export interface Badge {
  readonly word: string
  readonly tone: Tone
  readonly icon: 'clock' | 'up' | 'seal' | 'pause' | 'cross' | 'check' | 'minus' | 'folder'
}

/** A job and a batch have these states in common. */
const commonBadges = {
  running: { word: 'Uploading', tone: 'active', icon: 'up' },
  paused: { word: 'Paused', tone: 'warn', icon: 'pause' },
  cancelling: { word: 'Cancelling', tone: 'calm', icon: 'minus' },
  completed: { word: 'Done', tone: 'good', icon: 'check' },
  cancelled: { word: 'Cancelled', tone: 'calm', icon: 'minus' },
} as const satisfies Partial<Record<JobState & BatchState, Badge>>

const stateBadges: Readonly<Record<JobState, Badge>> = {
  ...commonBadges,
  queued: { word: 'Queued', tone: 'calm', icon: 'clock' },
  completing: { word: 'Completing', tone: 'active', icon: 'seal' },
  failed: { word: 'Failed', tone: 'bad', icon: 'cross' },
}

const batchBadges: Readonly<Record<BatchState, Badge>> = {
  ...commonBadges,
  scanning: { word: 'Scanning', tone: 'active', icon: 'folder' },
  failed: { word: 'Not all done', tone: 'bad', icon: 'cross' },
}

const waitingWords: Readonly<Record<Waiting, { readonly word: string; readonly sentence: string }>> = {
  backoff: {
    word: 'Retrying soon',
    sentence: 'The last try failed for a temporary reason. The job tries again by itself in a moment.',
  },
  endpoint: {
    word: 'OSS unreachable',
    sentence:
      'OSS does not answer at the moment. The job goes on by itself as soon as it does; no attempt is used up meanwhile.',
  },
  credentials: {
    word: 'Needs keys',
    sentence: 'There are no valid access keys. Give the daemon new ones and the job goes on by itself.',
  },
  storage: {
    word: 'Disk full',
    sentence: "The disk of the daemon's database accepts no writes. Make room and the job goes on by itself.",
  },
  source: {
    word: 'Source unreachable',
    sentence:
      'The file system of the source does not answer. The daemon asks again every few seconds; no attempt is used up meanwhile.',
  },
  node: {
    word: 'Node away',
    sentence:
      'Only the node of the source can read it, and that node does not answer. The job goes on when it is back.',
  },
  notBefore: { word: 'Scheduled', sentence: 'The job begins at the time that was asked for.' },
}

export const jobBadge = (job: Pick<JobView, 'state' | 'waiting' | 'outcome'>): Badge => {
  const badge = stateBadges[job.state]
  if (job.outcome === 'skipped') return { ...badge, word: 'Skipped' }
  if (job.waiting === null || job.state !== 'queued') return badge
  return { ...badge, tone: job.waiting === 'notBefore' ? 'calm' : 'warn', word: waitingWords[job.waiting].word }
}

/**
 * Returns the badge of a batch. A dry run sent nothing, and a batch without a file had nothing to do, so neither is
 * shown as a success.
 */
export const batchBadge = ({ state, dryRun, totals }: Pick<BatchView, 'state' | 'dryRun' | 'totals'>): Badge => {
  const badge = batchBadges[state]
  if (state !== 'completed') return badge
  if (dryRun) return { ...badge, word: 'Dry run', tone: 'calm' }
  return totals.jobs === 0 ? { word: 'No files', tone: 'calm', icon: 'minus' } : badge
}

export const waitingSentence = (waiting: Waiting): string => waitingWords[waiting].sentence

/** The form offers these words for what is done when the object exists already. */
export const ifExistsWords: Readonly<Record<IfExists, string>> = {
  overwrite: 'replace it',
  skip: 'leave it and count as done',
  skipSame: 'leave it if it is the same, else replace it',
  fail: 'fail',
}

export interface Plain {
  readonly sentence: string
  readonly remedy: string
}

/** This table says every reason for a failure in plain words, with what to do about it. */
const errors: Readonly<Record<JobErrorCode, Plain>> = {
  source_changed: {
    sentence: 'The file changed while it was being uploaded, so no object was made.',
    remedy: 'Let the program that writes it finish, then retry: the file is taken as it is now.',
  },
  source_missing: {
    sentence: 'The file is no longer at its path.',
    remedy: 'Put it back and retry. Keep files in place until their upload is done.',
  },
  source_unreadable: {
    sentence: 'The file is there but could not be read.',
    remedy: "Check its permissions, that it lies below the daemon's source roots, and the disk; then retry.",
  },
  object_exists: {
    sentence: 'An object of that name is already in the bucket, and this job was told not to replace one.',
    remedy: `Choose another key, or submit it with “${ifExistsWords.overwrite}”.`,
  },
  access_denied: {
    sentence: "OSS refused the daemon's keys, or they may not write there.",
    remedy:
      'Check the keys and their RAM policy: PutObject, GetObject, ListParts and AbortMultipartUpload. Then retry.',
  },
  no_such_bucket: {
    sentence: 'The bucket does not exist at this endpoint.',
    remedy: "Check the bucket's name, and that the region and the endpoint are those of the bucket. Then retry.",
  },
  bad_request: {
    sentence: 'OSS refuses this request for good.',
    remedy:
      'Read its message below. Often it is a header that the bucket’s settings forbid. Submit it again without it.',
  },
  integrity: {
    sentence: 'The bytes that arrived were not the bytes of the file, and that was noticed in time.',
    remedy: 'Suspect memory, the disk or a proxy on the way. A retry sends again only what differs.',
  },
  too_many_attempts: {
    sentence: 'One request failed again and again although OSS was answering others.',
    remedy: 'Read the last failure below, then retry: what has arrived is kept.',
  },
  deadline: {
    sentence: 'It was not done by its deadline.',
    remedy: 'Move its deadline (longshore set --not-after) and retry, or submit it again with a higher priority.',
  },
  callback_failed: {
    sentence: 'The object is in OSS, but the callback that OSS made for it failed.',
    remedy: 'Look at the receiver of the callback. There is no need to upload again.',
  },
}

export const plainError = (code: string): Plain =>
  errors[code as JobErrorCode] ?? {
    sentence: 'The upload failed.',
    remedy: 'Read the message below; a retry keeps what has arrived.',
  }

const problems: Readonly<Record<BatchProblemCode, string>> = {
  source_unavailable: 'Absent, not a regular file, not readable, or outside the source roots.',
  directory_unreadable: 'This directory could not be read, so nothing in it was included.',
  name_not_utf8: 'The name is not UTF-8. Rename it.',
  key_invalid: 'The name cannot be a key in OSS. Rename it.',
  nothing_matched: 'No file below the directory matches the patterns.',
  key_taken: 'Another file of this batch goes to the same key.',
  target_busy: 'Another job is writing the same object.',
  source_too_large: 'Larger than an object in OSS can be. Split it.',
}

export const plainProblem = (code: BatchProblemCode, message: string): string => problems[code] ?? message

export const proofSentence = (proof: Proof): string =>
  proof === 'object'
    ? 'OSS computed the same checksum over the whole object.'
    : 'OSS confirmed the checksum of every part; it gave none for the whole object.'

export const eventSentences: Readonly<Record<EventType, string>> = {
  'job.queued': 'Queued',
  'job.running': 'Upload started',
  'job.completing': 'All parts are there; OSS puts them together',
  'job.completed': 'Done, and proven',
  'job.failed': 'Failed',
  'job.paused': 'Paused',
  'job.cancelling': 'Cancelling',
  'job.cancelled': 'Cancelled; nothing is left in OSS',
  'job.waiting': 'Waiting',
  'job.updated': 'Changed',
  'job.deleted': 'Forgotten',
  'part.uploaded': 'Part uploaded',
  'batch.completed': 'Batch settled',
  'batch.deleted': 'Batch forgotten',
}
