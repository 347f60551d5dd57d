import type { CaseResult, Row } from './measurement.js'

const width = 860
const labelWidth = 210
const barWidth = 440
const lineHeight = 24
const blue = '#2563eb'
const grey = '#94a3b8'

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/**
 * Returns a bar that ends at the median, with a whisker from the least to the most. `most` is the value that fills the
 * width.
 */
const bar = ({ name, unit, value }: Row, most: number, y: number, colour: string): string => {
  const x = (amount: number): number => labelWidth + (amount / most) * barWidth
  const middle = y + lineHeight / 2 - 3
  return [
    `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escapeXml(name)}</text>`,
    `<rect x="${labelWidth}" y="${y + 2}" width="${(x(value.median) - labelWidth).toFixed(1)}" height="${lineHeight - 10}" fill="${colour}"/>`,
    `<path d="M${x(value.min).toFixed(1)} ${middle}H${x(value.max).toFixed(1)}" stroke="black"/>`,
    `<text x="${labelWidth + barWidth + 12}" y="${y + 14}">${value.median.toPrecision(3)} ${escapeXml(unit)}</text>`,
  ].join('\n')
}

/** Returns all cases below each other, as one SVG document. Bars of one case and unit share a scale. */
export const chartOf = (results: readonly CaseResult[]): string => {
  const parts: string[] = []
  let y = 10
  for (const { title, rows } of results) {
    parts.push(`<text x="10" y="${y + 14}" font-weight="bold">${escapeXml(title)}</text>`)
    y += lineHeight
    for (const row of rows) {
      const most = Math.max(...rows.filter(({ unit }) => unit === row.unit).map(({ value }) => value.max))
      parts.push(bar(row, most > 0 ? most : 1, y, row === rows[0] ? blue : grey))
      y += lineHeight
    }
    y += lineHeight / 2
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" font-family="sans-serif" font-size="13">
<title>Longshore and other uploaders, measured</title>
<rect width="100%" height="100%" fill="white"/>
${parts.join('\n')}
</svg>
`
}
