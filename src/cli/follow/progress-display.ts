import type { JobView } from '../../core/job-view.js'
import type { Totals } from './job-totals.js'

/** This is what can be shown: the unsettled jobs that are known, and the totals. */
export interface ProgressSource {
  open(): readonly JobView[]
  totals(): ShownTotals
}

/** A `growing` total says nothing about how much is left. */
export type ShownTotals = Omit<Totals, 'skipped' | 'bytesUploaded'> & { readonly growing?: boolean }

/** Shows how far jobs are while a command waits for them. Nothing is shown after `stop`. */
export interface ProgressDisplay {
  settled(job: JobView): void
  /** Shows a sentence for people, about an outage or a refused file. It must be safe for a terminal. */
  note(text: string): void
  stop(): void
}
