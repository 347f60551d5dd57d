import { useDashboard } from '../state/dashboard.js'
import { steerAll } from '../state/job-actions.js'
import { verbLooks, verbsOfAll } from '../state/verb-looks.js'
import { formatBytes, formatCount, formatDuration, formatRate } from '../text/format.js'
import { Icon } from './icon.js'
import { ThroughputChart } from './throughput-chart.js'

/** Below this rate the time when everything will be done cannot be estimated. */
const leastRate = 1024

/** Shows the current rate, and what is left to do. */
export const Summary = () => {
  const dashboard = useDashboard()
  const { jobs, limit, session } = dashboard
  const stats = jobs.stats.value
  const left = stats?.bytesDue ?? 0
  const onHold = (stats?.bytesPending ?? 0) - left
  // The rate is not known while the daemon does not answer.
  const rate = jobs.connection.value === 'away' ? null : (stats?.bytesPerSecond ?? null)
  const verbs = stats === null ? [] : verbsOfAll(stats.jobs)
  const facts = [
    { name: 'Uploading', value: formatCount(jobs.moving.value ?? 0) },
    { name: 'Waiting', value: formatCount((stats?.jobs.queued ?? 0) + (stats?.jobs.paused ?? 0)) },
    { name: 'Left to send', value: formatBytes(left) },
    { name: 'Time left', value: left === 0 || rate === null || rate < leastRate ? '–' : formatDuration(left / rate) },
    ...(onHold > 0 ? [{ name: 'On hold', value: formatBytes(onHold) }] : []),
  ]
  return (
    <section class="card summary" aria-label="Now">
      <div class="summary-figures">
        <div class="headline">
          <span class="headline-value">{rate === null ? '–' : rate === 0 ? 'Idle' : formatRate(rate)}</span>
          <span class="muted">
            {rate === null ? 'not known at the moment' : rate === 0 ? 'nothing is being uploaded' : 'to OSS now'}
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
            {verbs.map((verb) => (
              <button key={verb} type="button" class="button" onClick={() => steerAll(dashboard, verb)}>
                <Icon name={verbLooks[verb].icon} /> {verbLooks[verb].forAll?.word}
              </button>
            ))}
          </div>
        )}
      </div>
      <ThroughputChart />
    </section>
  )
}
