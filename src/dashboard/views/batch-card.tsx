import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { BatchView } from '../../core/batch-view.js'
import { ApiProblem } from '../net/api.js'
import { useDashboard } from '../state/dashboard.js'
import { steerBatch } from '../state/job-actions.js'
import { jobsHash, noFilter } from '../state/route.js'
import { verbLooks, verbsOfBatch } from '../state/verb-looks.js'
import { formatBytes, plural } from '../text/format.js'
import { batchBadge, plainProblem } from '../text/words.js'
import { Badge } from './badge.js'
import { Icon } from './icon.js'
import { ProgressBar } from './progress-bar.js'

const lookEveryMs = 2_000

export const batchTitle = ({ source, target }: BatchView): string =>
  source.dir ?? `A list of files for ${target.bucket}`

/** Returns what has become of a batch's jobs, in one sentence. */
export const batchSentence = ({ totals, walk, dryRun }: BatchView): string => {
  if (dryRun) return `A dry run: ${plural(walk.seen, 'file')} would be sent.`
  const { jobs, completed, failed, cancelled, paused, skipped, bytesTotal } = totals
  if (jobs === 0 && walk.done && walk.problemCount === 0) return 'No file was found, so there was nothing to do.'
  const others = [
    failed > 0 ? `${failed} failed` : '',
    paused > 0 ? `${paused} paused` : '',
    cancelled > 0 ? `${cancelled} cancelled` : '',
    skipped > 0 ? `${skipped} of them skipped` : '',
  ].filter((text) => text !== '')
  const found = walk.done ? '' : ', still looking for files'
  return `${completed} of ${plural(jobs, 'file')} done${others.map((text) => `, ${text}`).join('')}${found}. ${formatBytes(bytesTotal)} in all.`
}

export const BatchProgress = ({ batch }: { readonly batch: BatchView }) => {
  const { bytesTotal, bytesUploaded, bytesInFlight, jobs, completed } = batch.totals
  if (batch.finishedAt !== null && jobs === 0) return null
  const percent =
    batch.state === 'completed'
      ? 100
      : bytesTotal > 0
        ? Math.min(100, Math.floor(((bytesUploaded + bytesInFlight) / bytesTotal) * 100))
        : jobs > 0
          ? Math.floor((completed / jobs) * 100)
          : 0
  return (
    <ProgressBar
      label={`Progress of ${batchTitle(batch)}`}
      total={bytesTotal}
      uploaded={bytesUploaded}
      inFlight={bytesInFlight}
      percent={percent}
      tone={batchBadge(batch).tone}
    />
  )
}

export const BatchButtons = ({ batch }: { readonly batch: BatchView }) => {
  const dashboard = useDashboard()
  if (dashboard.session.value?.scope === 'read') return null
  return (
    <span class="buttons">
      {verbsOfBatch(batch.state).map((verb) => {
        const { word, batchWord = word, icon } = verbLooks[verb]
        return (
          <button type="button" class="button" key={verb} onClick={() => steerBatch(dashboard, batch, verb)}>
            <Icon name={icon} /> {batchWord}
          </button>
        )
      })}
    </span>
  )
}

/** Shows the batch that the list is narrowed to. */
export const BatchCard = ({ id }: { readonly id: string }) => {
  const { api } = useDashboard()
  const batch = useSignal<BatchView | null>(null)
  const missing = useSignal(false)
  useEffect(() => {
    let over = false
    const look = async (): Promise<void> => {
      try {
        const answer = await api.get<BatchView>(`v1/batches/${encodeURIComponent(id)}`)
        if (!over) batch.value = answer
        missing.value = false
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        missing.value = error.status === 404
      }
    }
    void look()
    const timer = setInterval(() => {
      if (!document.hidden) void look()
    }, lookEveryMs)
    return () => {
      over = true
      clearInterval(timer)
    }
  }, [id])

  const view = batch.value
  if (missing.value) return <p class="muted">There is no batch with this id, or it was forgotten.</p>
  if (view === null) return null
  const { problems, problemCount } = view.walk
  return (
    <section class="card batch" aria-label="Batch">
      <header class="card-head">
        <h2>
          <span class="mono">{batchTitle(view)}</span> <Badge look={batchBadge(view)} />
        </h2>
        <BatchButtons batch={view} />
      </header>
      <BatchProgress batch={view} />
      <p class="muted">
        {batchSentence(view)} Goes to <span class="mono">{`oss://${view.target.bucket}/${view.target.prefix}`}</span>.{' '}
        <a href={jobsHash(noFilter)}>Leave the batch</a>
      </p>
      {problemCount > 0 && (
        <details class="problems">
          <summary>{plural(problemCount, 'file')} could not be included</summary>
          <ul>
            {problems.map(({ path, code, message }) => (
              <li key={path}>
                <span class="mono">{path}</span>: {plainProblem(code, message)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}
