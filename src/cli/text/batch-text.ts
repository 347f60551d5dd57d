import type { BatchProblem } from '../../core/batch.js'
import type { BatchAnswer, BatchView } from '../../core/batch-view.js'
import { formatBytes } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'
import { optionsText } from './options-text.js'

/** Every function here returns text that is safe to print, as in job-text.ts. */

/** Returns a text like `12 of 51 files, 130.0 MiB of 257.0 MiB, 2 failed`. */
export const batchProgressText = ({ totals, walk }: BatchView): string => {
  const { jobs, completed, failed, cancelled, skipped, bytesTotal, bytesUploaded } = totals
  const others = Object.entries({ skipped, failed, cancelled, 'left out': walk.problemCount })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `, ${count} ${name}`)
  const settled = completed + failed + cancelled
  const bytes = `${formatBytes(bytesUploaded)} of ${formatBytes(bytesTotal)}`
  return `${settled} of ${jobs} files, ${bytes}${others.join('')}`
}

export const batchLine = (batch: BatchView): string =>
  `${escapeText(batch.id)}  ${escapeText(batch.state)}  ${batchProgressText(batch)}`

export const batchProblemLine = ({ path, code, message }: BatchProblem): string =>
  escapeText(`${path}: ${message} (${code})`)

/** Returns all lines about a batch, with its first problems. */
export const batchLines = (batch: BatchAnswer): string[] => {
  const { source, target, walk } = batch
  const hidden = walk.problemCount - walk.problems.length
  return [
    `id        ${escapeText(batch.id)}`,
    `state     ${escapeText(batch.state)}${batch.dryRun ? ' (dry run)' : ''}`,
    `source    ${source.dir === undefined ? 'a list of files' : escapeText(source.dir)}`,
    `target    ${escapeText(`oss://${target.bucket}/${target.prefix}`)}`,
    `options   ${optionsText(batch.options)}`,
    `progress  ${batchProgressText(batch)}`,
    `walk      ${walk.done ? 'done' : 'not done'}, ${walk.seen} files seen`,
    ...walk.problems.map(({ path, code, message }) => escapeText(`problem   ${path}: ${message} (${code})`)),
    ...(hidden > 0 ? [`          and ${hidden} more`] : []),
  ]
}
