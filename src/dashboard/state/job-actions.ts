import type { BatchView } from '../../core/batch-view.js'
import type { JobView } from '../../core/job-view.js'
import type { Verb } from '../../core/verb.js'
import { fileNameOf } from '../text/format.js'
import type { Dashboard } from './dashboard.js'
import { verbLooks } from './verb-looks.js'

/** Asks first, because other people may rely on what is going on. */
export const steerAll = ({ api, question, announcer }: Dashboard, verb: Verb): void => {
  const { forAll } = verbLooks[verb]
  if (forAll === undefined) return
  const act = async (): Promise<void> => {
    await api.send('POST', `v1/jobs/${verb}`)
    announcer.say(forAll.done)
  }
  const { title, text, yes } = forAll
  question.value = { title, text, yes, look: 'primary', act }
}

/** Applies the verb to a job, but asks first when that would lose something. */
export const steerJob = ({ api, attempt, question }: Dashboard, job: JobView, verb: Verb): void => {
  const act = () => api.send('POST', `v1/jobs/${encodeURIComponent(job.id)}/${verb}`)
  const asked = verbLooks[verb].asks?.job(fileNameOf(job.target.key))
  if (asked === undefined) void attempt(act)
  else question.value = { ...asked, look: 'danger', act }
}

/** Applies the verb to a batch, but asks first when that would lose something. */
export const steerBatch = ({ api, attempt, question }: Dashboard, batch: Pick<BatchView, 'id'>, verb: Verb): void => {
  const act = () => api.send('POST', `v1/batches/${encodeURIComponent(batch.id)}/${verb}`)
  const asked = verbLooks[verb].asks?.batch
  if (asked === undefined) void attempt(act)
  else question.value = { ...asked, look: 'danger', act }
}
