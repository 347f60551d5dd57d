import type { JobView } from '../core/job-view.js'

/** Shows how jobs get on while a command waits for them. Nothing is shown after `stop`. */
export interface ProgressDisplay {
  settled(job: JobView): void
  /** A sentence for people, safe for a terminal: an outage, a refused file. */
  note(text: string): void
  stop(): void
}
