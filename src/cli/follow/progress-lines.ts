import type { Console } from '../console.js'
import { formatBytes, formatSeconds } from '../terminal/readable.js'
import { settledLine } from '../text/job-text.js'
import type { JobTotals } from './job-totals.js'
import type { ProgressDisplay, ShownTotals } from './progress-display.js'
import { createRateMeter } from './rate-meter.js'

/** Returns a text like `12 of 51 files, 130.0 MiB of 257.0 MiB (50%), 25.1 MiB/s, ETA 5.0 s`. */
export const totalsText = (totals: ShownTotals, rate: number | null): string => {
  const { files, completed, failed, cancelled, bytesDone, bytesTotal, growing } = totals
  const percent = bytesTotal === 0 ? 100 : Math.floor((bytesDone / bytesTotal) * 100)
  const eta =
    !rate || growing || bytesDone === bytesTotal ? '' : `, ETA ${formatSeconds((bytesTotal - bytesDone) / rate)}`
  const speed = rate === null ? '' : `, ${formatBytes(rate)}/s${eta}`
  const settled = completed + failed + cancelled
  return `${settled} of ${files}${growing ? '+' : ''} files, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} (${percent}%)${speed}`
}

/**
 * Writes lines for pipes and logs: one for every settled job, and one of progress for every `intervalMs` in which
 * something moved.
 */
export const createProgressLines = (console: Console, jobTotals: JobTotals, intervalMs = 3_000): ProgressDisplay => {
  const rate = createRateMeter(() => performance.now())
  rate.sample(0)
  let last = ''
  const timer = setInterval(() => {
    const totals = jobTotals.totals()
    const text = totalsText(totals, rate.sample(totals.bytesDone))
    const moved = `${totals.bytesDone} ${totals.files}`
    if (moved !== last && totals.files > 0) console.line(`progress   ${text}`)
    last = moved
  }, intervalMs)
  return {
    settled: (job) => console.line(settledLine(job)),
    note: (text) => console.note(text),
    stop: () => clearInterval(timer),
  }
}
