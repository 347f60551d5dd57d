import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/http/metrics/metrics.js'
import { fakeOverview } from '../http/fake-overview.js'

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Metric {
  readonly name: string
  readonly type: string
  readonly labels: string
  readonly help: string
}

/** Returns what a daemon exposes that has seen everything once. */
const exposed = async (): Promise<readonly Metric[]> => {
  const metrics = createMetrics({ version: '1', startedAt: 0 })
  metrics.meter.requested('HeadObject', 1, 'AccessDenied')
  metrics.meter.settled({ state: 'completed', outcome: 'skipped', error: null })
  metrics.answered({ method: 'GET', route: '/', status: 200, seconds: 1 })
  const text = await metrics.scrape(fakeOverview)
  metrics.close()
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(\S*)/gm)].map(
    ([, name = '', help = '', type = '', sample = '']) => {
      const labels = [...sample.matchAll(/(\w+)=/g)].map(([, label]) => label).filter((label) => label !== 'le')
      return { name, type, labels: labels.map((label) => `\`${label}\``).join(' '), help }
    },
  )
}

/** Returns the names that a query may use. */
const queryable = (metrics: readonly Metric[]): readonly string[] =>
  metrics.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )

describe('docs/reference/metrics.md', () => {
  it('has every metric as it is exposed, and none besides', async () => {
    const page = await read('docs/reference/metrics.md')
    const rows = [...page.matchAll(/^\| `(longshore_\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$/gm)]
    const documented = rows.map(([, name = '', type = '', labels = '', help = '']) => ({ name, type, labels, help }))
    const byName = (a: Metric, b: Metric): number => a.name.localeCompare(b.name)
    expect([...documented].sort(byName)).toEqual([...(await exposed())].sort(byName))
    expect(documented.length).toBeGreaterThan(35)
  })

  it('names no other metric', async () => {
    const [page, metrics] = [await read('docs/reference/metrics.md'), await exposed()]
    const named = new Set([...page.matchAll(/longshore_\w+/g)].map(([name]) => name))
    const known = new Set([...queryable(metrics), ...metrics.map(({ name }) => name)])
    expect([...named].filter((name) => !known.has(name))).toEqual([])
  })
})

describe('deploy/grafana-dashboard.json', () => {
  it('queries only metrics that exist, and every one of them', async () => {
    const dashboard = JSON.parse(await read('deploy/grafana-dashboard.json')) as {
      readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
    }
    const metrics = await exposed()
    const queried = new Set(
      dashboard.panels.flatMap(({ targets }) =>
        targets.flatMap(({ expr }) => [...expr.matchAll(/longshore_\w+/g)].map(([name]) => name)),
      ),
    )
    const known = queryable(metrics)
    expect([...queried].filter((name) => !known.includes(name))).toEqual([])
    const shown = metrics.filter((metric) => queryable([metric]).some((name) => queried.has(name)))
    expect(metrics.filter((metric) => !shown.includes(metric)).map(({ name }) => name)).toEqual([])
  })
})
