import { MultiBar, type SingleBar } from 'cli-progress'
import type { JobView } from '../../core/job-view.js'
import type { OutputStream } from '../console.js'
import { formatBytes, formatSeconds } from '../terminal/readable.js'
import { cutEnd, escapeText, fitEnd } from '../terminal/terminal-text.js'
import { percentOf, settledLine } from '../text/job-text.js'
import type { ProgressDisplay, ProgressSource } from './progress-display.js'
import { totalsText } from './progress-lines.js'
import { createRateMeter } from './rate-meter.js'

const mostBars = 8
/** Smaller files come and go too fast for a bar of their own. */
const bigFileBytes = 10 * 1024 * 1024
const refreshMs = 100

const barText = (fraction: number, columns: number): string => {
  const full = Math.round(fraction * columns)
  return '█'.repeat(full) + '░'.repeat(columns - full)
}

/** Returns a line with name, bar, percent, size, rate, and the time left or what the job is waiting for. */
const jobLine = (job: JobView, columns: number): string => {
  const { bytesPerSecond, etaSeconds } = job.progress
  const percent = percentOf(job)
  const rate = bytesPerSecond === null ? '' : `${formatBytes(bytesPerSecond)}/s`
  const standing = job.waiting ?? (job.state === 'running' ? '' : job.state)
  const last = etaSeconds === null ? escapeText(standing) : formatSeconds(etaSeconds)
  const size = formatBytes(job.source.size)
  const numbers = ` ${percent.toString().padStart(3)}% ${size.padStart(10)} ${rate.padStart(12)} ${last.padStart(10)}`
  const room = Math.max(20, columns - numbers.length - 2)
  const nameColumns = Math.min(40, Math.floor(room / 2))
  const name = fitEnd(escapeText(job.source.path.split('/').at(-1) ?? ''), nameColumns)
  // The last column stays free, because some terminals wrap as soon as it is written.
  return cutEnd(`${name} ${barText(percent / 100, room - nameColumns)}${numbers}`, columns - 1)
}

/**
 * Draws on a terminal: one bar for each big job that is being worked on, below a line and a bar for the total unless
 * there is just one job. Only failures and notes scroll by, above the bars. It leaves no terminal setting behind when
 * the process is killed.
 */
export const createProgressBars = (stream: OutputStream, source: ProgressSource, single: boolean): ProgressDisplay => {
  const rate = createRateMeter(() => performance.now())
  const bars = new Map<string, SingleBar>()
  const drawn = new Map<string, JobView>()
  const multiBar = new MultiBar({
    stream,
    // The cursor and the wrapping stay as they are, and the command itself handles Ctrl-C.
    hideCursor: null,
    linewrap: null,
    gracefulExit: false,
    // A bar moves up when one above it ends.
    forceRedraw: true,
    fps: 1000 / refreshMs,
    format: (_options, _params, line: { text(columns: number): string }) => line.text(stream.columns || 80),
  })

  const addBar = (text: (columns: number) => string): SingleBar => multiBar.create(1, 0, { text })

  const removeBar = (jobId: string): void => {
    const bar = bars.get(jobId)
    if (bar !== undefined) multiBar.remove(bar)
    bars.delete(jobId)
    drawn.delete(jobId)
  }

  const deservesBar = (job: JobView): boolean =>
    single || (job.source.size >= bigFileBytes && (job.state === 'running' || job.state === 'completing'))

  const refresh = (): void => {
    const room = Math.min(mostBars, Math.max(1, (stream.rows || 24) - 4))
    const open = source.open()
    if (!single) {
      const ids = new Set(open.map(({ id }) => id))
      for (const id of bars.keys()) if (!ids.has(id)) removeBar(id)
    }
    for (const job of open) {
      if (!deservesBar(job)) removeBar(job.id)
      else if (bars.has(job.id)) drawn.set(job.id, job)
      else if (bars.size < room) {
        drawn.set(job.id, job)
        const text = (columns: number): string => jobLine(drawn.get(job.id) ?? job, columns)
        bars.set(job.id, addBar(text))
      }
    }
  }

  if (!single) {
    addBar((columns) => {
      const totals = source.totals()
      return cutEnd(totalsText(totals, rate.sample(totals.bytesDone)), columns - 1)
    })
    addBar((columns) => {
      const { bytesDone, bytesTotal } = source.totals()
      return barText(bytesTotal === 0 ? 0 : bytesDone / bytesTotal, columns - 1)
    })
  }
  const timer = setInterval(refresh, refreshMs)
  // A longer line may stand where this text is written, so the rest of that line is cleared.
  let noted = false
  const note = (text: string): void => {
    noted = true
    multiBar.log(`${text}\x1b[K\n`)
  }
  return {
    settled(job) {
      // The only bar stays on the screen as the last sight of the upload.
      if (single) drawn.set(job.id, job)
      else removeBar(job.id)
      if (job.state !== 'completed') note(settledLine(job))
    },
    note,
    stop() {
      clearInterval(timer)
      // This draws what happened, and writes what was noted, since the last frame.
      refresh()
      if (!multiBar.isActive && !noted) return
      multiBar.update()
      multiBar.stop()
    },
  }
}
