/** These are the verbs that users ask of jobs and batches. verb-law.ts says what each of them does. */
export const verbs = ['pause', 'resume', 'cancel', 'retry'] as const
export type Verb = (typeof verbs)[number]

/** This explains a verb in the API's document, in the client commands and in refusals. */
export interface VerbWords {
  readonly job: string
  readonly jobs: string
  readonly batch: string
  /** This adds what else there is to know of the verb for a batch. */
  readonly batchNote?: string
  /** Says to the user of the client commands what the verb does. */
  readonly command: string
  /** Says which jobs and which batches take the verb, to a caller whose job or batch does not. */
  readonly jobRefusal: string
  readonly batchRefusal: string
}

export const verbWords: Readonly<Record<Verb, VerbWords>> = {
  pause: {
    job: 'Pause a job: parts in flight finish, nothing new starts',
    jobs: 'Pause everything that matches',
    batch: 'Pause a batch: the walk stops, parts in flight finish, nothing new starts',
    command: 'let the parts in flight finish, then wait',
    jobRefusal: 'only a queued or running job can be paused',
    batchRefusal: 'only a batch that is not settled can be paused',
  },
  resume: {
    job: 'Resume a paused job',
    jobs: 'Resume everything that matches',
    batch: 'Resume a paused batch',
    command: 'go on with paused jobs',
    jobRefusal: 'only a paused job can be resumed (a failed one: use retry)',
    batchRefusal: 'only a batch that is not settled can be resumed (a failed one: use retry)',
  },
  cancel: {
    job: 'Cancel a job and remove what it left in OSS',
    jobs: 'Cancel everything that matches and remove what it left in OSS',
    batch: 'Cancel a batch: stop the walk, cancel every job that is not done',
    command: 'stop jobs and remove their parts from OSS',
    jobRefusal: 'a job that is completing or completed can no longer be cancelled',
    batchRefusal: 'a completed batch can no longer be cancelled',
  },
  retry: {
    job: 'Try a failed job again, keeping the parts that still fit',
    jobs: 'Try everything that failed and matches again, keeping the parts that still fit',
    batch: 'Try the failed jobs of a batch again',
    batchNote:
      'Tries jobs, and does not walk again: what stands in `walk.problems` stays there, and the batch ends ' +
      '`failed` for it. Once its cause is gone, submit the directory again with `ifExists: skipSame`, which sends only ' +
      'what is missing.',
    command: 'try failed jobs again; what OSS already holds is kept',
    jobRefusal: 'only a failed job can be retried',
    batchRefusal: 'only a batch with failed jobs can be retried, and not while it is paused',
  },
}
