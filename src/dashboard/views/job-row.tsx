import type { JobView } from '../../core/job-view.js'
import { jobHash } from '../state/route.js'
import { fileNameOf, formatAgo, formatBytes, formatDuration, formatRate } from '../text/format.js'
import { jobBadge, plainError } from '../text/words.js'
import { Badge } from './badge.js'
import { JobButtons } from './job-buttons.js'
import { ProgressBar, percentOf } from './progress-bar.js'

const folderOf = ({ bucket, key }: JobView['target']): string =>
  `oss://${bucket}/${key.slice(0, key.lastIndexOf('/') + 1)}`

const isMoving = (job: JobView): boolean => job.state === 'running' || job.state === 'completing'

/**
 * Returns whether a row has a bar. Settled jobs have none, because a full bar in every row that is done would be the
 * loudest thing on the page.
 */
const hasBar = (job: JobView): boolean => job.state !== 'completed' && job.state !== 'cancelled'

const Amount = ({ job }: { readonly job: JobView }) => {
  const { bytesTotal, bytesUploaded, bytesInFlight } = job.progress
  const moved = bytesUploaded + bytesInFlight
  if (!hasBar(job) || moved === 0) return <span>{formatBytes(bytesTotal)}</span>
  return (
    <span>
      {formatBytes(moved)} <span class="of-total">of {formatBytes(bytesTotal)}</span>
    </span>
  )
}

const time = (job: JobView, now: Date, away: boolean): string => {
  if (job.finishedAt !== null) return formatAgo(job.finishedAt, now)
  const { etaSeconds } = job.progress
  if (!away && isMoving(job) && etaSeconds !== null) return `${formatDuration(etaSeconds)} left`
  return ''
}

interface Props {
  readonly job: JobView
  /** The index counts from 1 and includes the head of the table. */
  readonly rowIndex: number
  readonly now: Date
  /** True means that the daemon does not answer, so the rate of the job is not known. */
  readonly away: boolean
}

export const JobRow = ({ job, rowIndex, now, away }: Props) => {
  const badge = jobBadge(job)
  const name = fileNameOf(job.target.key)
  const percent = percentOf(job.progress, job.state === 'completed')
  const rate = isMoving(job) && !away ? job.progress.bytesPerSecond : null
  const trouble = job.state === 'failed' && job.error !== null ? plainError(job.error.code).sentence : null
  return (
    <tr class={hasBar(job) ? 'job' : 'job done'} aria-rowindex={rowIndex}>
      <td class="cell-object">
        <a
          class="job-link"
          href={jobHash(job.id)}
          title={`${job.source.path} → oss://${job.target.bucket}/${job.target.key}`}
        >
          {name}
        </a>
        <span class="below" title={trouble ?? undefined}>
          {folderOf(job.target)}
          {trouble !== null && <span class="trouble-line"> {trouble}</span>}
        </span>
      </td>
      <td class="cell-state">
        <Badge look={badge} />
      </td>
      <td class="cell-progress">
        {hasBar(job) && (
          <ProgressBar
            label={`Progress of ${name}`}
            total={job.progress.bytesTotal}
            uploaded={job.progress.bytesUploaded}
            inFlight={job.progress.bytesInFlight}
            percent={percent}
            tone={badge.tone}
          />
        )}
        <span class="below figures">
          <Amount job={job} />
          <span class="percent">{job.finishedAt === null ? `${percent} %` : ''}</span>
        </span>
      </td>
      <td class="cell-rate figure">{rate === null ? '' : formatRate(rate)}</td>
      <td class="cell-time figure">{time(job, now, away)}</td>
      <td class="cell-buttons">
        <JobButtons job={job} />
      </td>
    </tr>
  )
}
