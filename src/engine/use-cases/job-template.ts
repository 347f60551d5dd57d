import type { BatchProblem, JobTemplate } from '../../core/batch.js'
import type { Caller } from '../../core/caller.js'
import type { Fingerprint, JobTarget, NewJob } from '../../core/job.js'
import {
  type JobOptionsRequest,
  type OptionDefaults,
  optionsOf,
  type WebhookSubscription,
} from '../../core/job-options.js'
import { keyProblem } from '../../core/object-key.js'
import { maxObjectSize } from '../../core/plan.js'

/** This is what a request may ask for each of its jobs. */
export interface JobTemplateRequest extends JobOptionsRequest {
  readonly priority?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore?: number | null | undefined
}

export const templateOf = (
  request: JobTemplateRequest,
  defaults: OptionDefaults,
  by: Pick<Caller, 'roots'> & { readonly webhook: WebhookSubscription | null },
): JobTemplate => ({
  options: optionsOf(request, defaults, by),
  priority: request.priority ?? 0,
  labels: request.labels ?? {},
  dueAt: request.notBefore ?? null,
})

/** Makes the ids and markers of new jobs. */
export interface JobNames {
  newId(): string
  /** Returns null when objects carry no marker. */
  newMarker(): string | null
}

export const newJob = (
  template: JobTemplate,
  of: Pick<NewJob, 'source' | 'place' | 'target' | 'batchId'>,
  names: JobNames,
): NewJob => ({
  ...of,
  ...template,
  id: names.newId(),
  marker: names.newMarker(),
})

/** Returns why a file cannot become a job of its batch; null when it can. */
export const fileProblem = (
  path: string,
  { key }: Pick<JobTarget, 'key'>,
  { size }: Fingerprint,
): BatchProblem | null => {
  const wrong = keyProblem(key)
  if (wrong !== null)
    return { path, code: 'key_invalid', message: `As the key of an object the name ${wrong}`, jobId: null }
  if (size <= maxObjectSize) return null
  const message = `It has ${size} bytes; OSS holds at most ${maxObjectSize}`
  return { path, code: 'source_too_large', message, jobId: null }
}
