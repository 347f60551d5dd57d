import type { Job } from '../../core/job.js'

/**
 * Returns whether this node sees the source of a job. What it does not see it neither opens nor judges: the run that
 * claims the job, on a node that sees it, takes the fingerprint.
 */
export type SeesHere = (job: Job) => boolean
