import { afterEach, describe, expect, it } from 'vitest'
import { createHarness, type Harness } from './harness.js'

let harness: Harness
afterEach(() => harness.app.close())

const smallUnits =
  /_(ms|us|ns|milliseconds|microseconds|minutes|hours|days|kb|mb|kib|mib|kilobytes|megabytes|percent)(_|$)/

/** Returns what `promtool check metrics` finds fault with, as far as our kinds of metrics can break it. */
const faults = (text: string): string[] => {
  const found: string[] = []
  const helped = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name))
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const fault = (what: string): void => void found.push(`${name}: ${what}`)
    if (!helped.has(name)) fault('no help text')
    if ((type === 'counter') !== name.endsWith('_total')) fault('_total is for counters, and for all of them')
    if (/_(count|sum|bucket)$/.test(name)) fault('a suffix of histograms')
    if (/(^|_)(gauge|counter|histogram|summary)(_|$)/.test(name)) fault('its type in its name')
    if (/[A-Z:]/.test(name)) fault('capitals or colons')
    if (smallUnits.test(name)) fault('no base unit')
    const own = samples.filter((line) => /^\w+/.exec(line)?.[0].replace(/_(bucket|sum|count)$/, '') === name)
    if (type !== 'summary' && own.some((line) => /[{,]quantile="/.test(line))) fault('quantile on what is no summary')
    if (type !== 'histogram' && own.some((line) => /[{,]le="/.test(line))) fault('le on what is no histogram')
  }
  return found
}

describe('the metrics', () => {
  it('have nothing that the linter of Prometheus finds fault with', async () => {
    harness = await createHarness()
    const text = (await harness.app.inject('/metrics')).body
    expect(text.match(/^# TYPE/gm)?.length).toBeGreaterThan(20)
    expect(text).toContain('longshore_event_loop_delay_seconds{')
    expect(faults(text)).toEqual([])
  })

  it('would be found out otherwise', async () => {
    harness = await createHarness()
    const bad = '# HELP a_ms x\n# TYPE a_ms gauge\na_ms{quantile="1"} 1\n# TYPE b counter\nb 1\n'
    expect(faults(bad)).toEqual([
      'a_ms: no base unit',
      'a_ms: quantile on what is no summary',
      'b: no help text',
      'b: _total is for counters, and for all of them',
    ])
  })
})
