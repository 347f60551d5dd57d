/** These statements count, or are for clients that watch the daemon. Each costs the same however much is stored. */
export const statsSql = {
  countInState:
    'UPDATE job_counts SET jobs = jobs + :jobs, bytes_pending = bytes_pending + :bytes WHERE state = :state',
  countWaiting:
    'UPDATE wait_counts SET jobs = jobs + :jobs, bytes_pending = bytes_pending + :bytes WHERE waiting = :waiting',
  countsByState: 'SELECT * FROM job_counts',
  countsByWait: 'SELECT * FROM wait_counts',
  queuedJobs: "SELECT jobs FROM job_counts WHERE state = 'queued'",
  countsOfWebhooks: 'SELECT * FROM webhook_counts',

  // The comparison `began_at > 0` lets SQLite search in the index of pending messages instead of walking through it.
  oldestPendingWebhook: `
    SELECT began_at FROM webhooks INDEXED BY webhooks_began
    WHERE due_at IS NOT NULL AND began_at > 0
    ORDER BY began_at LIMIT 1`,

  // This finds the first job in line of the next lower priority. It skips the other jobs that are ready instead of
  // walking through them.
  firstOfNextPriority: `
    SELECT priority, max(created_at, coalesce(not_before, 0)) AS ready_at FROM jobs INDEXED BY jobs_ready
    WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued') AND state = 'queued'
      AND endpoint = :endpoint AND bucket = :bucket AND priority < :below
    ORDER BY priority DESC, seq LIMIT 1`,
} as const
