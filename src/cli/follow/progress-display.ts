import type { JobView } from '../../core/job-view.js'
import type { Totals } from './job-totals.js'

/** What there is to show: the unsettled jobs that are known, and the totals. */
export interface ProgressSource {
  open(): readonly JobView[]
  totals(): ShownTotals
}

/** A `growing` total says nothing about how much is left. */
export type ShownTotals = Omit<Totals, 'skipped' | 'bytesUploaded'> & { readonly growing?: boolean }

/** Shows how jobs get on while a command waits for them. Nothing is shown after `stop`. */
export interface ProgressDisplay {
  settled(job: JobView): void
  /** A sentence for people, safe for a terminal: an outage, a refused file. */
  note(text: string): void
  stop(): void
}
