import type { JobState } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'
import { fileNameOf } from '../text/format.js'
import type { Dashboard } from './dashboard.js'

export type JobVerb = 'pause' | 'resume' | 'retry' | 'cancel'

/** These are the verbs that make sense in each state of a job. The daemon decides. */
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

const allWords = {
  pause: {
    title: 'Pause everything?',
    text: 'Parts in flight will finish, and then nothing is sent to OSS until you resume. Uploads that are submitted later are not paused.',
    yes: 'Pause everything',
    done: 'Everything is being paused.',
  },
  resume: {
    title: 'Resume everything?',
    text: 'Every paused job resumes, also jobs that were paused one by one.',
    yes: 'Resume everything',
    done: 'Everything is being resumed.',
  },
} as const

/** Asks first, because other people may rely on what is going on. */
export const steerAll = ({ api, question, announcer }: Dashboard, verb: keyof typeof allWords): void => {
  const { title, text, yes, done } = allWords[verb]
  const act = async (): Promise<void> => {
    await api.send('POST', `v1/jobs/${verb}`)
    announcer.say(done)
  }
  question.value = { title, text, yes, look: 'primary', act }
}

/** Applies the verb, but asks first when that would lose something. */
export const steerJob = ({ api, attempt, question }: Dashboard, job: JobView, verb: JobVerb): void => {
  const act = () => api.send('POST', `v1/jobs/${encodeURIComponent(job.id)}/${verb}`)
  if (verb !== 'cancel') {
    void attempt(act)
    return
  }
  question.value = {
    title: `Cancel ${fileNameOf(job.target.key)}?`,
    text: 'What has been uploaded so far is removed from OSS. The file itself stays where it is.',
    yes: 'Cancel the upload',
    look: 'danger',
    act,
  }
}
