import type { HistoryLine } from '../state/history.js'
import { formatBytes, formatInstant, plural } from '../text/format.js'
import { eventSentences, plainError, waitingSentence } from '../text/words.js'

const sentenceOf = ({ event, parts, bytes }: HistoryLine): string => {
  if (parts > 0) return `${plural(parts, 'part')} uploaded, ${formatBytes(bytes)}`
  const { job } = event
  if (event.type === 'job.failed' && job?.error != null) return `Failed: ${plainError(job.error.code).sentence}`
  if (event.type === 'job.waiting' && job?.waiting != null) return waitingSentence(job.waiting)
  if (event.type === 'job.queued' && job !== undefined && job.runs > 0) return 'Back in the queue'
  if (event.type === 'job.running' && job !== undefined && job.runs > 1) return 'Upload continues'
  if (event.type === 'job.completed' && job?.outcome === 'skipped') return 'Skipped: the object already exists'
  return eventSentences[event.type]
}

/** Shows what happened to a job, newest first. */
export const History = ({ lines }: { readonly lines: readonly HistoryLine[] }) => {
  const now = new Date()
  return (
    <section class="card" aria-label="History">
      <h2>What happened</h2>
      <ol class="history">
        {[...lines].reverse().map((line) => (
          <li key={line.key} data-type={line.event.type}>
            <time dateTime={line.event.at}>{formatInstant(line.event.at, now)}</time>
            <span>
              {sentenceOf(line)}
              {line.event.by !== undefined && <span class="muted"> by {line.event.by}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
