import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { isSettled } from '../../core/job.js'
import type { JobView as Job } from '../../core/job-view.js'
import { ApiProblem, passes } from '../net/api.js'
import { useDashboard } from '../state/dashboard.js'
import { steerJob } from '../state/job-actions.js'
import { followJob } from '../state/job-details.js'
import { jobsHash, noFilter } from '../state/route.js'
import { verbLooks, verbsOfJob } from '../state/verb-looks.js'
import { fileNameOf, formatBytes, formatDuration, formatInstant, formatRate, plural } from '../text/format.js'
import { jobBadge, plainError, waitingSentence } from '../text/words.js'
import { Badge } from './badge.js'
import { type Fact, Facts } from './facts.js'
import { History } from './history.js'
import { Icon } from './icon.js'
import { PartsMap } from './parts-map.js'
import { PriorityField } from './priority-field.js'
import { ProgressBar, percentOf } from './progress-bar.js'
import { Receipt } from './receipt.js'

const Trouble = ({ error }: { readonly error: NonNullable<Job['error']> }) => {
  const { sentence, remedy } = plainError(error.code)
  return (
    <section class="card trouble" aria-label="Why it failed">
      <h2>
        <Icon name="cross" /> {sentence}
      </h2>
      <p>{remedy}</p>
      <Facts
        facts={[
          { name: 'In its own words', value: error.message },
          { name: 'Code', value: error.code, mono: true },
          { name: 'OSS says', value: error.ossCode, mono: true },
          { name: 'OSS request', value: error.requestId, mono: true },
        ]}
      />
    </section>
  )
}

const Buttons = ({ job }: { readonly job: Job }) => {
  const dashboard = useDashboard()
  if (dashboard.session.value?.scope === 'read') return null
  const forget = (): void => {
    dashboard.question.value = {
      title: 'Forget this job?',
      text: 'The daemon forgets its entry and its history. The object in OSS and the file stay as they are.',
      yes: 'Forget it',
      look: 'danger',
      act: async () => {
        await dashboard.api.send('DELETE', `v1/jobs/${encodeURIComponent(job.id)}`)
        location.hash = jobsHash(noFilter)
      },
    }
  }
  return (
    <span class="buttons">
      {verbsOfJob(job.state).map((verb) => (
        <button
          type="button"
          class={verbLooks[verb].isLikely ? 'button primary' : 'button'}
          key={verb}
          onClick={() => steerJob(dashboard, job, verb)}
        >
          <Icon name={verbLooks[verb].icon} /> {verbLooks[verb].word}
        </button>
      ))}
      {isSettled(job.state) && (
        <button type="button" class="button quiet" onClick={forget}>
          <Icon name="trash" /> Forget
        </button>
      )}
    </span>
  )
}

const isMoving = ({ state }: Job): boolean => state === 'running' || state === 'completing'

/**
 * Returns since when, or for how long, a job has been running. A job that waits, or has waited, is not running
 * meanwhile, so only its beginning is known then.
 */
const timeFact = (job: Job, now: Date): Fact => {
  const { startedAt, finishedAt } = job
  const lasted = (endMs: number): string => formatDuration((endMs - Date.parse(startedAt ?? '')) / 1000)
  if (startedAt === null) return { name: 'Took', value: null }
  if (finishedAt !== null)
    return { name: job.runs > 1 ? 'From start to end' : 'Took', value: lasted(Date.parse(finishedAt)) }
  if (isMoving(job) && job.runs <= 1) return { name: 'Running for', value: lasted(now.getTime()) }
  return { name: 'First started', value: formatInstant(startedAt, now) }
}

const factsOf = (job: Job): Fact[] => {
  const now = new Date()
  const labels = Object.entries(job.labels)
  const { mode, partSize, partCount, uploadId } = job.upload
  const way =
    mode === 'put'
      ? 'one request'
      : mode === null || partSize === null || partCount === null
        ? null
        : `${plural(partCount, 'part')} of ${formatBytes(partSize)}`
  return [
    { name: 'File', value: job.source.path, mono: true },
    { name: 'Object', value: `oss://${job.target.bucket}/${job.target.key}`, mono: true },
    { name: 'Size', value: formatBytes(job.source.size) },
    { name: 'Sent as', value: way },
    {
      name: 'Left in OSS',
      value: job.leftover === null ? null : `upload ${job.leftover.uploadId}: ${job.leftover.reason}`,
    },
    {
      name: 'Batch',
      value:
        job.batchId === null ? null : (
          <a class="mono" href={jobsHash({ ...noFilter, batch: job.batchId })}>
            {job.batchId}
          </a>
        ),
    },
    {
      name: 'Labels',
      value:
        labels.length === 0
          ? null
          : labels.map(([key, value]) => (
              <a key={key} class="label" href={jobsHash({ ...noFilter, label: `${key}=${value}` })}>
                {key}={value}
              </a>
            )),
    },
    {
      name: 'Priority',
      value: isSettled(job.state) ? job.priority === 0 ? null : job.priority : <PriorityField job={job} />,
    },
    { name: 'Submitted', value: formatInstant(job.createdAt, now) },
    { name: 'Begins', value: job.notBefore === null ? null : formatInstant(job.notBefore, now) },
    timeFact(job, now),
    { name: 'Attempts', value: job.attempts === 0 ? null : `${plural(job.attempts, 'try', 'tries')} that failed` },
    { name: 'Runs', value: job.runs > 1 ? job.runs : null },
    { name: 'Job', value: job.id, mono: true },
    { name: 'OSS upload', value: uploadId, mono: true },
  ]
}

const Headline = ({ job }: { readonly job: Job }) => {
  const { jobs } = useDashboard()
  const { bytesTotal, bytesUploaded, bytesInFlight, bytesPerSecond, etaSeconds } = job.progress
  const badge = jobBadge(job)
  const percent = percentOf(job.progress, job.state === 'completed')
  // The rate is not known while the daemon is away.
  const moving = isMoving(job) && jobs.connection.value !== 'away'
  return (
    <section class="card job-head" aria-label="Progress">
      <div class="figures big">
        <span class="headline-value">{percent} %</span>
        <span class="muted">
          {formatBytes(bytesUploaded + bytesInFlight)} of {formatBytes(bytesTotal)}
          {moving && bytesPerSecond !== null && `, ${formatRate(bytesPerSecond)}`}
          {moving && etaSeconds !== null && `, ${formatDuration(etaSeconds)} left`}
        </span>
      </div>
      <ProgressBar
        label="Progress"
        total={bytesTotal}
        uploaded={bytesUploaded}
        inFlight={bytesInFlight}
        percent={percent}
        tone={badge.tone}
      />
      {job.waiting !== null && <p class="muted">{waitingSentence(job.waiting)}</p>}
    </section>
  )
}

const Details = ({ id }: { readonly id: string }) => {
  const { api, jobs } = useDashboard()
  const details = useMemo(
    () =>
      followJob(api, id, () => {
        const job = jobs.watched.peek()
        return job !== null && isMoving(job)
      }),
    [id],
  )
  useEffect(() => details.close, [details])
  const job = jobs.watched.value
  if (job === null) return null
  const count = job.upload.partCount ?? 0
  return (
    <>
      {count > 1 && (
        <section class="card" aria-label="Parts">
          <h2>Parts</h2>
          <PartsMap board={details.board.value} count={count} />
        </section>
      )}
      {job.receipt !== null && <Receipt receipt={job.receipt} />}
      <div class="columns">
        <section class="card" aria-label="Facts">
          <h2>About this job</h2>
          <Facts facts={factsOf(job)} />
        </section>
        <History lines={details.history.value} />
      </div>
    </>
  )
}

const lookAgainMs = 2_000

/** Shows one job: how far it is, its parts, what went wrong, its proof, and what happened. */
export const JobView = ({ id }: { readonly id: string }) => {
  const { jobs } = useDashboard()
  const problem = useSignal<string | null>(null)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    const look = (): void => {
      jobs.watch(id).catch((error: unknown) => {
        if (!(error instanceof ApiProblem)) throw error
        if (over) return
        problem.value = error.status === 404 ? 'This job was never made, or was forgotten.' : error.message
        if (passes(error)) timer = setTimeout(look, lookAgainMs)
      })
    }
    problem.value = null
    look()
    return () => {
      over = true
      clearTimeout(timer)
      jobs.unwatch()
    }
  }, [id])

  const job = jobs.watched.value
  return (
    <>
      <p class="crumb">
        <a href={jobsHash(jobs.filter())}>
          <Icon name="back" /> All jobs
        </a>
      </p>
      {job === null ? (
        <p class="muted">{problem.value ?? 'Looking at the job…'}</p>
      ) : (
        <>
          <header class="job-title">
            <div>
              <h1>
                {fileNameOf(job.target.key)} <Badge look={jobBadge(job)} />
              </h1>
              <p class="muted mono">{`oss://${job.target.bucket}/${job.target.key}`}</p>
            </div>
            <Buttons job={job} />
          </header>
          {job.error !== null && <Trouble error={job.error} />}
          <Headline job={job} />
          <Details id={job.id} />
        </>
      )}
    </>
  )
}
