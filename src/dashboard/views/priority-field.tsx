import { useSignal } from '@preact/signals'
import type { JobView } from '../../core/job-view.js'
import { useDashboard } from '../state/dashboard.js'

/** -100..100; the daemon takes the higher ones first. */
export const PriorityField = ({ job }: { readonly job: JobView }) => {
  const { api, attempt } = useDashboard()
  // Every event of the job draws the field anew: what is being typed must not be replaced by what holds.
  const draft = useSignal<string | null>(null)
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
        value={draft.value ?? job.priority}
        onInput={(event) => {
          draft.value = event.currentTarget.value
        }}
        onChange={(event) => set(event.currentTarget.valueAsNumber)}
        onBlur={() => {
          draft.value = null
        }}
      />
      <span class="muted">higher goes first</span>
    </label>
  )
}
