import type { Figure } from '../report/figures.js'
import { type CaseResult, longshore } from '../report/measurement.js'
import { type Entry, newestOf } from './history.js'

/** CPU moves by a tenth on a busy machine, and by a half at the worst. */
const mostTimes = 2

export const recordAnew = 'npm run bench -- p1 p5 --quick --record'

const short = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 })

export interface Verdict {
  readonly ok: boolean
  readonly text: string
}

/**
 * Compares what Longshore cost with what is recorded. The least of the rounds counts: other programs can make a round
 * dearer, and nothing can make it cheaper.
 */
const judge = (figure: Pick<Figure, 'id' | 'what'>, least: number, unit: string, entry: Entry | null): Verdict => {
  const name = `${figure.id} ${figure.what}`
  if (entry === null || entry.cpu === null) {
    return {
      ok: false,
      text: `${name}: ${short(least)} ${unit} of the daemon's CPU, and no CPU is recorded for the quick form. Record it: ${recordAnew}`,
    }
  }
  if (entry.cpuUnit !== unit) {
    return {
      ok: false,
      text: `${name}: ${entry.cpuUnit} is recorded and ${unit} was measured. Record anew: ${recordAnew}`,
    }
  }
  const times = least / entry.cpu
  const { machine, commit, date } = entry
  const measured = `${name}: ${short(least)} ${unit} of the daemon's CPU, ${times.toFixed(2)} times the ${short(entry.cpu)} recorded on ${date} at ${commit}`
  if (times <= mostTimes) return { ok: true, text: `${measured}.` }
  const record = `${machine.cores} x ${machine.cpu}, Node.js ${machine.node}`
  return {
    ok: false,
    text: `${measured}. More than ${mostTimes} times is a loss, unless this machine is that much slower (the record is of ${record}). If the cost is meant, record it anew: ${recordAnew}`,
  }
}

/** Judges every row of Longshore in these cases. */
export const judgeCpu = (results: readonly CaseResult[], history: readonly Entry[]): readonly Verdict[] =>
  results.flatMap(({ id, rows, cpuUnit }) =>
    rows
      .filter(({ name }) => name.startsWith(longshore))
      .map(({ name, cpu }): Verdict => {
        const figure = { id, what: name }
        if (cpu === null) return { ok: false, text: `${id} ${name}: its CPU was not measured.` }
        return judge(figure, cpu.min, cpuUnit, newestOf(history, figure, 'quick'))
      }),
  )
