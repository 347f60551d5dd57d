import type { JobRequest } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { type CommandContext, graceMs } from '../command-context.js'
import type { Console } from '../console.js'
import { followJobs } from '../follow/follow-jobs.js'
import { createJobTotals, type JobTotals } from '../follow/job-totals.js'
import { createProgressBars } from '../follow/progress-bars.js'
import type { ProgressDisplay } from '../follow/progress-display.js'
import { createProgressLines } from '../follow/progress-lines.js'
import { Interrupted } from '../interrupt.js'
import { joinSignals } from '../join-signals.js'
import { formatBytes, formatSeconds } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'
import { acceptedLine, receiptLines } from '../text/job-text.js'
import { createPatientSubmit } from './submit-patiently.js'

const createDisplay = (console: Console, jobTotals: JobTotals, json: boolean): ProgressDisplay => {
  if (json) return { settled: console.json, note: console.note, stop: () => {} }
  if (console.stdout.isTTY) return createProgressBars(console.stdout, jobTotals, true)
  return createProgressLines(console, jobTotals)
}

const summaryText = (jobTotals: JobTotals, seconds: number): string => {
  const { completed, skipped, failed, cancelled, bytesUploaded } = jobTotals.totals()
  const uploaded = completed - skipped
  const rate = seconds > 0 ? ` (${formatBytes(bytesUploaded / seconds)}/s)` : ''
  const others = Object.entries({ skipped, failed, cancelled })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `, ${count} ${name}`)
  const files = uploaded === 1 ? '1 file' : `${uploaded} files`
  return `uploaded ${files}, ${formatBytes(bytesUploaded)} in ${formatSeconds(seconds)}${rate}${others.join('')}`
}

const submitAndWait = async (
  request: JobRequest,
  runId: string,
  context: CommandContext,
  json: boolean,
): Promise<void> => {
  const { api, console } = context
  const startedAt = performance.now()
  const receipts: string[] = []
  const jobTotals = createJobTotals((job) => {
    receipts.push(...receiptLines(job))
    display.settled(job)
  })
  const display = createDisplay(console, jobTotals, json)
  const stop = new AbortController()
  const signal = joinSignals(context.signal, stop.signal)
  const submit = createPatientSubmit({ signal, graceMs })
  // The job is followed from before it exists, so that none of its events is missed.
  const submitting = submit(() => api.submit(request, runId, signal)).then(jobTotals.track)
  const complete = submitting.catch(() => {})
  const following = followJobs({ api, jobTotals, complete, signal, graceMs, note: display.note })
  try {
    await Promise.all([submitting, following])
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled([submitting, following])
    display.stop()
    const [job] = jobTotals.open()
    if (error instanceof Interrupted) {
      const how = job === undefined ? '' : `; the daemon goes on: longshore watch ${escapeText(job.id)}`
      console.note(`interrupted${how}`)
    }
    throw error
  }
  display.stop()
  const lines = json ? [] : [...receipts, summaryText(jobTotals, (performance.now() - startedAt) / 1000)]
  for (const line of lines) console.line(line)
  const { failed, cancelled } = jobTotals.totals()
  if (failed + cancelled > 0) throw new ExitError(exitCodes.failed)
}

/** Hands over one file as a job. Throws ExitError `failed` when the job was waited for and did not complete. */
export const putJob = async (
  request: JobRequest,
  runId: string,
  context: CommandContext,
  { wait, json }: { readonly wait: boolean; readonly json: boolean },
): Promise<void> => {
  if (wait) return submitAndWait(request, runId, context, json)
  const { api, console, signal } = context
  const job = await createPatientSubmit({ signal, graceMs })(() => api.submit(request, runId, signal))
  if (json) console.json(job)
  else console.line(acceptedLine(job))
}
