import { escapeText, wrapWords } from '../terminal/terminal-text.js'

/**
 * `warning` means that it works, but something is not as it should be. `skipped` means that it could not be examined
 * because of another finding.
 */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped'

/** This is what one check found. */
export interface CheckResult {
  readonly name: string
  readonly status: CheckStatus
  /** This is a sentence without its full stop. It is not escaped yet. */
  readonly detail: string
  /** This says what to do about it. It is null where there is nothing to do. */
  readonly remedy: string | null
}

export interface DoctorReport {
  /** True means that nothing failed. */
  readonly ok: boolean
  readonly checks: readonly CheckResult[]
}

export const reportOf = (checks: readonly CheckResult[]): DoctorReport => ({
  ok: checks.every(({ status }) => status !== 'failed'),
  checks,
})

const narrowest = 40

const resultLines = ({ name, status, detail, remedy }: CheckResult, columns: number): string[] => {
  const head = `${(status === 'failed' ? 'FAILED' : status).padEnd(8)} ${escapeText(name).padEnd(12)} `
  const room = Math.max(narrowest, columns - 1 - head.length)
  const [first = '', ...rest] = wrapWords(escapeText(detail), room)
  const advice = remedy === null ? [] : wrapWords(`-> ${escapeText(remedy)}`, room)
  return [head + first, ...[...rest, ...advice].map((line) => ' '.repeat(head.length) + line)]
}

/** Returns the lines of a report for people. `columns` is the width of their terminal. */
export const doctorLines = ({ checks }: DoctorReport, columns: number): string[] => {
  const count = (wanted: CheckStatus): number => checks.filter(({ status }) => status === wanted).length
  const others = (['warning', 'failed', 'skipped'] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `, ${count(status)} ${status}`)
  return [...checks.flatMap((check) => resultLines(check, columns)), '', `${count('ok')} ok${others.join('')}`]
}
