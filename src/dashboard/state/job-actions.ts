import type { JobState } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'
import type { Dashboard } from './dashboard.js'

export type JobVerb = 'pause' | 'resume' | 'retry' | 'cancel'

/** What may be asked of a job in each state; the daemon has the last word. */
export const verbsOf: Readonly<Record<JobState, readonly JobVerb[]>> = {
  queued: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  completing: [],
  paused: ['resume', 'cancel'],
  failed: ['retry', 'cancel'],
  cancelling: [],
  completed: [],
  cancelled: [],
}

export const verbWords: Readonly<Record<JobVerb, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  retry: 'Retry',
  cancel: 'Cancel',
}

export const fileNameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** Does it, or asks first where something would be lost. */
export const steerJob = ({ api, attempt, question }: Dashboard, job: JobView, verb: JobVerb): void => {
  const act = () => api.send('POST', `v1/jobs/${encodeURIComponent(job.id)}/${verb}`)
  if (verb !== 'cancel') {
    void attempt(act)
    return
  }
  question.value = {
    title: `Cancel ${fileNameOf(job.target.key)}?`,
    text: 'What was uploaded of it so far is removed from OSS. The file itself stays where it is.',
    yes: 'Cancel the upload',
    act,
  }
}
