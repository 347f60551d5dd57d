import type { JobView } from '../../core/job-view.js'
import { useDashboard } from '../state/dashboard.js'
import { DraftInput } from './draft-input.js'

/** Sets a priority of -100..100. The daemon takes the higher ones first. */
export const PriorityField = ({ job }: { readonly job: JobView }) => {
  const { api, attempt } = useDashboard()
  const set = (text: string): void => {
    const priority = Number(text)
    if (text === '' || !Number.isInteger(priority) || Math.abs(priority) > 100 || priority === job.priority) return
    void attempt(() => api.send('PATCH', `v1/jobs/${encodeURIComponent(job.id)}`, { priority }))
  }
  return (
    <span class="priority">
      <DraftInput
        label="Priority, higher goes first"
        name="priority"
        type="number"
        min={-100}
        max={100}
        value={String(job.priority)}
        onCommit={set}
      />
      <span class="muted">higher goes first</span>
    </span>
  )
}
