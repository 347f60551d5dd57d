import type { Entry } from './history.js'

const panelWidth = 250
const panelHeight = 170
const margin = { left: 40, right: 14, top: 40, bottom: 34 }
const columns = 3
const blue = '#2563eb'
const orange = '#d97706'

/** The figures that are shown, each beside one peer. */
const panels = [
  { id: 'P1', what: 'Longshore', peer: 'ali-oss', title: 'P1: one big file' },
  { id: 'P3', what: 'Longshore', peer: 'ali-oss', title: 'P3: one big file over TLS' },
  { id: 'P5', what: 'Longshore', peer: 'ali-oss', title: 'P5: a batch, fresh process' },
  { id: 'P5', what: 'Longshore, warm', peer: 'ali-oss', title: 'P5: a batch, warm daemon' },
  { id: 'P6', what: 'Longshore', peer: 'rclone rcd, a call per file', title: 'P6: one POST a file' },
] as const

type Panel = (typeof panels)[number]

const plotWidth = panelWidth - margin.left - margin.right
const plotHeight = panelHeight - margin.top - margin.bottom

/** Full runs are filled, others are hollow. */
const dots = (points: readonly (readonly [number, number, Entry])[], colour: string): string =>
  points
    .map(([x, y, { form }]) => {
      const fill = form === 'full' ? colour : 'white'
      return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" fill="${fill}" stroke="${colour}" stroke-width="2"/>`
    })
    .join('')

const panelOf = ({ id, what, peer, title }: Panel, entries: readonly Entry[], index: number): string => {
  const own = entries.filter((entry) => entry.id === id && entry.what === what && entry.ratio[peer] !== undefined)
  const values = own.flatMap(({ ratio, cpuRatio }) => [ratio[peer] ?? 0, cpuRatio[peer] ?? 0])
  const top = Math.max(1, ...values) * 1.15
  const y = (value: number): number => margin.top + plotHeight * (1 - value / top)
  const x = (at: number): number => margin.left + (plotWidth * (at + 0.5)) / Math.max(1, own.length)
  const rates = own.map((entry, at): [number, number, Entry] => [x(at), y(entry.ratio[peer] ?? 0), entry])
  const costs = own.flatMap((entry, at): [number, number, Entry][] => {
    const cost = entry.cpuRatio[peer]
    return cost === undefined ? [] : [[x(at), y(cost), entry]]
  })
  const line = (value: number): string =>
    `<path d="M${margin.left} ${y(value).toFixed(1)}H${panelWidth - margin.right}" stroke="#cbd5e1"/>` +
    `<text x="${margin.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`
  const lines = Array.from({ length: Math.floor(top) + 1 }, (_, value) => line(value)).join('')
  const days = own
    .map(
      ({ date }, at) =>
        `<text x="${x(at).toFixed(1)}" y="${panelHeight - 14}" text-anchor="middle">${date.slice(5)}</text>`,
    )
    .join('')
  const place = `translate(${(index % columns) * panelWidth} ${Math.floor(index / columns) * panelHeight})`
  return `<g transform="${place}">
<text x="${margin.left}" y="18" font-weight="bold">${title}</text><text x="${margin.left}" y="32" fill="#64748b">times ${peer}</text>
${lines}
${dots(rates, blue)}${dots(costs, orange)}
${days}
</g>`
}

const legend = (index: number): string => {
  const entries: readonly (readonly [string, string, string])[] = [
    ['rate: more is better', blue, blue],
    ['CPU: less is better', orange, orange],
    ['hollow: smaller sizes', '#64748b', 'white'],
  ]
  const lines = entries.map(
    ([text, stroke, fill], at) =>
      `<circle cx="10" cy="${56 + at * 22}" r="4" fill="${fill}" stroke="${stroke}" stroke-width="2"/><text x="22" y="${60 + at * 22}">${text}</text>`,
  )
  return `<g transform="translate(${(index % columns) * panelWidth + margin.left} ${Math.floor(index / columns) * panelHeight})">
${lines.join('\n')}
</g>`
}

/** Returns an SVG document with a panel for each figure: its rate and its CPU beside a peer's, from run to run. */
export const historyPicture = (entries: readonly Entry[]): string => {
  const rows = Math.ceil((panels.length + 1) / columns)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * panelWidth}" height="${rows * panelHeight}" font-family="sans-serif" font-size="11">
<title>Longshore beside its peer, over time</title>
<rect width="100%" height="100%" fill="white"/>
${panels.map((panel, index) => panelOf(panel, entries, index)).join('\n')}
${legend(panels.length)}
</svg>
`
}
