import type { JobView } from '../../core/job-view.js'
import { useDashboard } from '../state/dashboard.js'
import { type JobVerb, steerJob, verbsOf, verbWords } from '../state/job-actions.js'
import { fileNameOf } from '../text/format.js'
import { Icon, type IconName } from './icon.js'

export const verbIcons: Readonly<Record<JobVerb, IconName>> = {
  pause: 'pause',
  resume: 'play',
  retry: 'retry',
  cancel: 'cross',
}

/** Shows small buttons for a row. Each button says in full what it does. */
export const JobButtons = ({ job }: { readonly job: JobView }) => {
  const dashboard = useDashboard()
  if (dashboard.session.value?.scope === 'read') return null
  return (
    <span class="row-buttons">
      {verbsOf[job.state].map((verb) => {
        const label = `${verbWords[verb]} ${fileNameOf(job.target.key)}`
        return (
          <button
            type="button"
            class="button icon-only"
            key={verb}
            aria-label={label}
            title={verbWords[verb]}
            onClick={() => steerJob(dashboard, job, verb)}
          >
            <Icon name={verbIcons[verb]} />
          </button>
        )
      })}
    </span>
  )
}
