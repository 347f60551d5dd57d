import type { CaseResult, Spread } from './measurement.js'

/** Returns three significant figures without exponents. */
const short = (value: number): string => {
  const places = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3
  return value.toFixed(places)
}

const spread = (value: Spread | null): string =>
  value === null ? '' : `${short(value.median)} (${short(value.min)}..${short(value.max)})`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Returns a case as Markdown: medians with min and max, and then the goals. */
export const reportOf = ({ title, cpuUnit, rows, goals, notes }: CaseResult): string => {
  const measured = table(
    ['', 'median (min..max)', `CPU${cpuUnit === '' ? '' : ` ${cpuUnit}`}`, 'peak RSS MiB'],
    rows.map(({ name, unit, value, cpu, peakRssMib }) => [
      name,
      `${spread(value)} ${unit}`,
      spread(cpu),
      spread(peakRssMib),
    ]),
  )
  const reached = table(
    ['goal', '', 'measured', 'asked for', 'moonshot'],
    goals.map(({ id, what, measured, unit, atLeast, moonshot }) => [
      id,
      what,
      `${short(measured)} ${unit}`,
      atLeast,
      moonshot,
    ]),
  )
  return [`### ${title}`, measured, ...(goals.length === 0 ? [] : [reached]), ...notes].join('\n\n')
}
