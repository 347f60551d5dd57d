import type { JobView } from '../../core/job-view.js'
import { useDashboard } from '../state/dashboard.js'
import { steerJob } from '../state/job-actions.js'
import { verbLooks, verbsOfJob } from '../state/verb-looks.js'
import { fileNameOf } from '../text/format.js'
import { Icon } from './icon.js'

/** Shows small buttons for a row. Each button says in full what it does. */
export const JobButtons = ({ job }: { readonly job: JobView }) => {
  const dashboard = useDashboard()
  if (dashboard.session.value?.scope === 'read') return null
  return (
    <span class="row-buttons">
      {verbsOfJob(job.state).map((verb) => {
        const { word, icon } = verbLooks[verb]
        const label = `${word} ${fileNameOf(job.target.key)}`
        return (
          <button
            type="button"
            class="button icon-only"
            key={verb}
            aria-label={label}
            title={word}
            onClick={() => steerJob(dashboard, job, verb)}
          >
            <Icon name={icon} />
          </button>
        )
      })}
    </span>
  )
}
