/** Statements of those who watch. Each costs the same however much is stored. */
export const statsSql = {
  countsByState: 'SELECT * FROM job_counts',
  countsByWait: 'SELECT * FROM wait_counts',
  countsOfWebhooks: 'SELECT * FROM webhook_counts',

  // The comparison makes a walk through the pending ones a search in their index.
  oldestPendingWebhook: `
    SELECT began_at FROM webhooks INDEXED BY webhooks_began
    WHERE due_at IS NOT NULL AND began_at > 0
    ORDER BY began_at LIMIT 1`,

  // The first in line of the next lower priority: the jobs that are ready are hopped over, not walked through.
  firstOfNextPriority: `
    SELECT priority, max(created_at, coalesce(not_before, 0)) AS ready_at FROM jobs INDEXED BY jobs_ready
    WHERE lease_until IS NULL AND due_at IS NULL AND state IN ('cancelling', 'queued') AND state = 'queued'
      AND endpoint = :endpoint AND bucket = :bucket AND priority < :below
    ORDER BY priority DESC, seq LIMIT 1`,
} as const
