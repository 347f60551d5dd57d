import type { JobView } from '../../core/job-view.js'
import { useDashboard } from '../state/dashboard.js'

/** -100..100; the daemon takes the higher ones first. */
export const PriorityField = ({ job }: { readonly job: JobView }) => {
  const { api, attempt } = useDashboard()
  const set = (priority: number): void => {
    if (!Number.isInteger(priority) || Math.abs(priority) > 100 || priority === job.priority) return
    void attempt(() => api.send('PATCH', `v1/jobs/${encodeURIComponent(job.id)}`, { priority }))
  }
  return (
    <label class="priority">
      <span class="unseen">Priority, higher goes first</span>
      <input
        type="number"
        min={-100}
        max={100}
        step={1}
        value={job.priority}
        onChange={(event) => set(event.currentTarget.valueAsNumber)}
      />
      <span class="muted">higher goes first</span>
    </label>
  )
}
