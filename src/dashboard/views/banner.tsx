import { useDashboard } from '../state/dashboard.js'

/** Says calmly that the daemon is away, and that the page shows the last known state. */
export const Banner = () => {
  const { jobs } = useDashboard()
  if (jobs.connection.value !== 'away') return null
  return (
    <div class="banner" role="status">
      <span class="pulse" aria-hidden="true" />
      <span>
        The daemon does not answer. This page waits for it and goes on by itself; nothing that was accepted is lost.
      </span>
      <button type="button" class="button quiet" onClick={() => jobs.hurry()}>
        Try now
      </button>
    </div>
  )
}
