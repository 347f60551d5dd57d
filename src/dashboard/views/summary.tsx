import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useDashboard } from '../state/dashboard.js'
import { steerAll } from '../state/job-actions.js'
import { formatBytes, formatCount, formatDuration, formatRate } from '../text/format.js'
import { Icon } from './icon.js'
import { verbIcons } from './job-buttons.js'
import { ThroughputChart } from './throughput-chart.js'

/** How fast it goes, and what is left to do. */
export const Summary = () => {
  const dashboard = useDashboard()
  const { jobs, limit, session } = dashboard
  const rate = useSignal(0)
  useEffect(() => {
    const timer = setInterval(() => {
      rate.value = jobs.throughput.now(Date.now())
    }, 1000)
    return () => clearInterval(timer)
  }, [])
  const stats = jobs.stats.value
  const left = stats?.bytesPending ?? 0
  const counts = stats?.jobs
  const verbs = [
    { verb: 'pause', word: 'Pause all', makesSense: (counts?.queued ?? 0) + (counts?.running ?? 0) > 0 },
    { verb: 'resume', word: 'Resume all', makesSense: (counts?.paused ?? 0) > 0 },
  ] as const
  const facts = [
    { name: 'Uploading', value: formatCount(jobs.moving.value ?? 0) },
    { name: 'Waiting', value: formatCount((stats?.jobs.queued ?? 0) + (stats?.jobs.paused ?? 0)) },
    { name: 'Left to send', value: formatBytes(left) },
    { name: 'Time left', value: left === 0 ? '–' : rate.value < 1024 ? '–' : formatDuration(left / rate.value) },
  ]
  return (
    <section class="card summary" aria-label="Now">
      <div class="summary-figures">
        <div class="headline">
          <span class="headline-value">{rate.value === 0 ? 'Idle' : formatRate(rate.value)}</span>
          <span class="muted">
            {rate.value === 0 ? 'nothing goes to OSS now' : 'to OSS now'}
            {limit.value !== null && limit.value !== 'off' && `, limit ${limit.value}`}
          </span>
        </div>
        <dl class="facts">
          {facts.map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {session.value?.scope !== 'read' && (
          <div class="summary-buttons">
            {verbs.map(
              ({ verb, word, makesSense }) =>
                makesSense && (
                  <button key={verb} type="button" class="button" onClick={() => steerAll(dashboard, verb)}>
                    <Icon name={verbIcons[verb]} /> {word}
                  </button>
                ),
            )}
          </div>
        )}
      </div>
      <ThroughputChart />
    </section>
  )
}
