import type { Batch } from './batch.js'
import type { FingerprintNow, Job } from './job.js'
import type { Step } from './job-steps.js'
import type { Verb } from './verb.js'
import { cancel } from './verbs/cancel.js'
import type { BatchStep, VerbLaw } from './verbs/law.js'
import { pause } from './verbs/pause.js'
import { resume } from './verbs/resume.js'
import { retry } from './verbs/retry.js'

const laws: Readonly<Record<Verb, VerbLaw>> = { pause, resume, cancel, retry }

export interface ControlRequest {
  readonly verb: Verb
  /**
   * The source as it is now, for a verb that needs it. When it differs from the stored one, the job is planned anew, and
   * an upload that exists gets the intent `abort`. `due` leaves the look at the source to the run that claims the job.
   */
  readonly fingerprint?: FingerprintNow
}

export const lawOf = (verb: Verb): VerbLaw => laws[verb]

/** Returns the step that a verb makes of one job. It keeps the same job when there is nothing to do. */
export const controlStep = (job: Job, request: ControlRequest, at: number): Step | 'invalid_state' =>
  laws[request.verb].step(job, request.fingerprint ?? job.source.fingerprint, at)

/** Returns what a verb makes of a batch itself. It is the same object when there is nothing to do. */
export const controlBatchStep = (batch: Batch, verb: Verb): BatchStep => laws[verb].batch(batch)
