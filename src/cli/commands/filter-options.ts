import type { Command } from 'commander'
import type { JobState } from '../../core/job.js'
import type { ListQuery } from '../client/api.js'
import { labelFilterValue, stateValue } from '../options.js'

/** Which jobs a command is about. All that is given must hold. */
export interface FilterOptions {
  readonly state?: readonly JobState[]
  readonly bucket?: string
  readonly label?: readonly string[]
  readonly batch?: string
}

export const addFilterOptions = (command: Command): Command =>
  command
    .option('--state <state>', 'only jobs in these states (repeatable, or comma-separated)', stateValue)
    .option('--bucket <name>', 'only jobs to this bucket')
    .option('--batch <id>', 'only jobs of this batch')
    .option(
      '--label <k=v>',
      'only jobs with this label, or with any value of it (repeatable: all must hold)',
      labelFilterValue,
    )

export const listQueryOf = ({ state, bucket, label, batch }: FilterOptions): ListQuery => ({
  ...(state === undefined ? {} : { states: state }),
  ...(bucket === undefined ? {} : { bucket }),
  ...(batch === undefined ? {} : { batch }),
  ...(label === undefined ? {} : { labels: label }),
})
