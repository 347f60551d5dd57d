import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { BatchView } from '../../core/batch-view.js'
import { ApiProblem, type Page } from '../net/api.js'
import { useDashboard } from '../state/dashboard.js'
import { jobsHash, noFilter } from '../state/route.js'
import { formatAgo } from '../text/format.js'
import { batchBadge } from '../text/words.js'
import { Badge } from './badge.js'
import { BatchButtons, BatchProgress, batchSentence, batchTitle } from './batch-card.js'

const lookEveryMs = 2_000
const shown = 50

/** Shows the newest batches, which are directories and lists of files that were handed over as one. */
export const BatchesView = () => {
  const { api } = useDashboard()
  const batches = useSignal<readonly BatchView[] | null>(null)
  useEffect(() => {
    const look = async (): Promise<void> => {
      try {
        batches.value = (await api.get<Page<BatchView>>(`v1/batches?limit=${shown}`)).items
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
      }
    }
    void look()
    const timer = setInterval(() => {
      if (!document.hidden) void look()
    }, lookEveryMs)
    return () => clearInterval(timer)
  }, [])

  const now = new Date()
  const list = batches.value
  return (
    <>
      <h1>Batches</h1>
      {list === null && <p class="muted">Looking at the batches…</p>}
      {list?.length === 0 && (
        <section class="empty card">
          <h2>No batch yet</h2>
          <p>A batch is a whole directory, uploaded and managed as one.</p>
          <pre>
            <code>npx longshore put ./pictures oss://my-bucket/pictures/ --wait</code>
          </pre>
        </section>
      )}
      <ul class="batches">
        {list?.map((batch) => (
          <li key={batch.id} class="card batch">
            <header class="card-head">
              <h2>
                <a class="mono" href={jobsHash({ ...noFilter, batch: batch.id })}>
                  {batchTitle(batch)}
                </a>{' '}
                <Badge look={batchBadge(batch)} />
              </h2>
              <BatchButtons batch={batch} />
            </header>
            <BatchProgress batch={batch} />
            <p class="muted">
              {batchSentence(batch)} To{' '}
              <span class="mono">{`oss://${batch.target.bucket}/${batch.target.prefix}`}</span>,{' '}
              {formatAgo(batch.createdAt, now)}.
            </p>
          </li>
        ))}
      </ul>
    </>
  )
}
