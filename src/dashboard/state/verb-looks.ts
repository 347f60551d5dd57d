import type { BatchState } from '../../core/batch.js'
import type { JobState } from '../../core/job.js'
import { type Verb, verbs } from '../../core/verb.js'
import { lawOf } from '../../core/verb-law.js'

/** What is asked before something happens. */
interface Asked {
  readonly title: string
  readonly text: string
  readonly yes: string
}

/** This is how the dashboard shows a verb. */
interface VerbLook {
  readonly word: string
  /** The word for a batch, where it is another one. */
  readonly batchWord?: string
  readonly icon: 'pause' | 'play' | 'cross' | 'retry'
  /** The verb is what a user most likely wants of a job that has a use for it. */
  readonly isLikely: boolean
  /** The verb loses something, so that it is asked first. `name` is that of the file. */
  readonly asks?: { job(name: string): Asked; readonly batch: Asked }
  /** The verb is also offered for everything that there is. It is asked first, because others may rely on what goes on. */
  readonly forAll?: Asked & { readonly word: string; readonly done: string }
}

/** A verb is shown in the states that its law names. The daemon decides. */
export const verbLooks: Readonly<Record<Verb, VerbLook>> = {
  pause: {
    word: 'Pause',
    icon: 'pause',
    isLikely: false,
    forAll: {
      word: 'Pause all',
      title: 'Pause everything?',
      text: 'Parts in flight will finish, and then nothing is sent to OSS until you resume. Uploads that are submitted later are not paused.',
      yes: 'Pause everything',
      done: 'Everything is being paused.',
    },
  },
  resume: {
    word: 'Resume',
    icon: 'play',
    isLikely: true,
    forAll: {
      word: 'Resume all',
      title: 'Resume everything?',
      text: 'Every paused job resumes, also jobs that were paused one by one.',
      yes: 'Resume everything',
      done: 'Everything is being resumed.',
    },
  },
  cancel: {
    word: 'Cancel',
    icon: 'cross',
    isLikely: false,
    asks: {
      job: (name) => ({
        title: `Cancel ${name}?`,
        text: 'What has been uploaded so far is removed from OSS. The file itself stays where it is.',
        yes: 'Cancel the upload',
      }),
      batch: {
        title: 'Cancel the whole batch?',
        text: 'Every upload in it that is not done is cancelled, and what was sent of it is removed from OSS. Finished objects stay.',
        yes: 'Cancel the batch',
      },
    },
  },
  retry: { word: 'Retry', batchWord: 'Retry what failed', icon: 'retry', isLikely: true },
}

/** What loses something stands last. */
const inOrder = [...verbs].sort((a, b) => Number('asks' in verbLooks[a]) - Number('asks' in verbLooks[b]))

export const verbsOfJob = (state: JobState): readonly Verb[] =>
  inOrder.filter((verb) => lawOf(verb).reaches.includes(state))

export const verbsOfBatch = (state: BatchState): readonly Verb[] =>
  inOrder.filter((verb) => lawOf(verb).batches.includes(state))

/** Returns the verbs that are offered for everything, while any job has a use for them. */
export const verbsOfAll = (jobs: Readonly<Record<JobState, number>>): readonly Verb[] =>
  inOrder.filter((verb) => verbLooks[verb].forAll !== undefined && lawOf(verb).reaches.some((state) => jobs[state] > 0))
