import type { FieldError } from '../../core/app-error.js'
import type { StoredEvent } from '../../core/event.js'
import type { JobError } from '../../core/failure.js'
import type { JobAnswer, JobView, ProgressView } from '../../core/job-view.js'
import type { Problem } from '../client/http-client.js'
import { formatBytes, formatSeconds } from '../terminal/readable.js'
import { escapeText, fitEnd, wrapWords } from '../terminal/terminal-text.js'
import { optionsText } from './options-text.js'

/** Every function here returns text that is safe to print: what came from the server or a file name is escaped. */

export const targetText = ({ bucket, key }: JobView['target']): string => escapeText(`oss://${bucket}/${key}`)

const errorText = ({ code, message, ossCode, requestId }: JobError): string => {
  const oss = [ossCode === null ? null : `OSS ${ossCode}`, requestId === null ? null : `request ${requestId}`]
  const known = oss.filter((part) => part !== null)
  return escapeText(`${code}: ${message}${known.length > 0 ? ` (${known.join(', ')})` : ''}`)
}

/** Returns the state, with the reason why an unsettled job does not move: `queued (backoff)`. */
const stateText = (job: JobView): string =>
  escapeText(job.waiting === null ? job.state : `${job.state} (${job.waiting})`)

/** Returns 0..100. An empty file is done when its job is. */
export const percentOf = (job: JobView): number => {
  const { bytesTotal, bytesUploaded, bytesInFlight } = job.progress
  if (job.state === 'completed') return 100
  return bytesTotal === 0 ? 0 : Math.min(100, Math.floor(((bytesUploaded + bytesInFlight) / bytesTotal) * 100))
}

const rateText = ({ bytesPerSecond, etaSeconds }: ProgressView): string =>
  [
    bytesPerSecond === null ? '' : `, ${formatBytes(bytesPerSecond)}/s`,
    etaSeconds === null ? '' : `, ETA ${formatSeconds(etaSeconds)}`,
  ].join('')

const progressText = (progress: ProgressView): string => {
  const { bytesTotal, bytesUploaded, bytesInFlight, partsTotal, partsUploaded } = progress
  const parts = partsTotal === null ? '' : `, ${partsUploaded} of ${partsTotal} parts`
  return `${formatBytes(bytesUploaded + bytesInFlight)} of ${formatBytes(bytesTotal)}${parts}${rateText(progress)}`
}

export const jobListHeader = `${'ID'.padEnd(29)}  ${'STATE'.padEnd(10)}  ${'SIZE'.padStart(10)}  DONE  TARGET`

const leastTargetColumns = 12

/**
 * Returns one line of a list. `columns` is the width of the terminal, for which a long target loses its beginning. It
 * is null elsewhere.
 */
export const jobListLine = (job: JobView, columns: number | null): string => {
  const facts = [
    escapeText(job.id).padEnd(29),
    escapeText(job.state).padEnd(10),
    formatBytes(job.source.size).padStart(10),
    `${percentOf(job)}%`.padStart(4),
    '',
  ].join('  ')
  const target = targetText(job.target)
  return (
    facts +
    (columns === null ? target : fitEnd(target, Math.max(leastTargetColumns, columns - 1 - facts.length)).trimEnd())
  )
}

/** Returns one line for a job that was just accepted. */
export const acceptedLine = (job: JobView): string =>
  `${escapeText(job.state).padEnd(9)}  ${escapeText(job.id)}  ${escapeText(job.source.path)} -> ${targetText(job.target)}`

/** Returns what a cancel had to leave in OSS. */
const leftoverText = ({ leftover }: JobView): string | null =>
  leftover === null ? null : escapeText(`upload ${leftover.uploadId} is still in OSS: ${leftover.reason}`)

/** Returns one line for a job that will not move by itself any more. */
export const settledLine = (job: JobView): string => {
  const state = job.outcome === 'skipped' ? 'skipped' : job.state
  const reasons = [job.error === null ? null : errorText(job.error), leftoverText(job)]
  const why = reasons.map((reason) => (reason === null ? '' : `: ${reason}`)).join('')
  return `${escapeText(state).padEnd(9)}  ${escapeText(job.source.path)}  ${formatBytes(job.source.size)}${why}`
}

const nameColumns = 15

const row = (name: string, value: string | null, columns: number | null = null): string[] => {
  if (value === null) return []
  const lines = columns === null ? [value] : wrapWords(value, columns - 1 - nameColumns)
  return lines.map((line, n) => (n === 0 ? `  ${name}` : '').padEnd(nameColumns) + line)
}

/** Returns the lines of the stored proof of a completed job. */
export const receiptLines = (job: JobView): string[] => {
  const { receipt } = job
  if (receipt === null) return []
  const proof = receipt.proof === 'object' ? 'CRC-64 of the whole object, by OSS' : 'CRC-64 of every part, by OSS'
  return [
    `receipt of ${targetText(job.target)}`,
    ...row('size', `${receipt.size} bytes (${formatBytes(receipt.size)})`),
    ...row('crc64', `${escapeText(receipt.crc64)} (source)`),
    ...row('server crc64', receipt.serverCrc64 === null ? 'none given' : `${escapeText(receipt.serverCrc64)} (OSS)`),
    ...row('proof', `${escapeText(receipt.proof)}: ${proof}`),
    ...row('etag', escapeText(receipt.etag)),
    ...row('version', receipt.versionId === null ? null : escapeText(receipt.versionId)),
    ...row('request id', receipt.requestId === null ? 'none given' : escapeText(receipt.requestId)),
    ...row('completed', escapeText(receipt.completedAt)),
  ]
}

const uploadText = ({ upload }: JobView): string | null => {
  if (upload.mode === null) return null
  if (upload.mode === 'put' || upload.partSize === null) return escapeText(upload.mode)
  const id = upload.uploadId === null ? '' : `, upload ${escapeText(upload.uploadId)}`
  return `${escapeText(upload.mode)}, ${upload.partCount} parts of ${formatBytes(upload.partSize)}${id}`
}

/**
 * Returns everything that `show` says about a job. `columns` is the width of the terminal, to which a long error is
 * wrapped. It is null elsewhere.
 */
export const jobLines = (job: JobAnswer, columns: number | null): string[] => {
  const labels = Object.entries(job.labels).map(([key, value]) => escapeText(`${key}=${value}`))
  return [
    `job ${escapeText(job.id)}`,
    ...row('state', stateText(job)),
    ...row('outcome', job.outcome === null ? null : escapeText(job.outcome)),
    ...row('source', `${escapeText(job.source.path)} (${formatBytes(job.source.size)})`),
    ...row('target', targetText(job.target)),
    ...row('upload', uploadText(job)),
    ...row('progress', `${percentOf(job)}%, ${progressText(job.progress)}`),
    ...row('error', job.error === null ? null : errorText(job.error), columns),
    ...row('left in OSS', leftoverText(job), columns),
    ...row('priority', job.priority === 0 ? null : String(job.priority)),
    ...row('options', optionsText(job.options), columns),
    ...row('labels', labels.length === 0 ? null : labels.join(' ')),
    ...row('attempts', `${job.attempts}, runs ${job.runs}`),
    ...row('created', escapeText(job.createdAt)),
    ...row('started', job.startedAt === null ? null : escapeText(job.startedAt)),
    ...row('not before', job.notBefore === null ? null : escapeText(job.notBefore)),
    ...row('finished', job.finishedAt === null ? null : escapeText(job.finishedAt)),
    ...receiptLines(job),
  ]
}

/** Returns a line of `watch` about what a job is right now, or became. */
export const watchJobLine = (time: string, job: JobView): string => {
  const moving = job.state === 'running' || job.state === 'completing'
  const more = job.error !== null ? `: ${errorText(job.error)}` : moving ? `: ${progressText(job.progress)}` : ''
  return `${clockTime(time)}  ${escapeText(job.id)}  ${stateText(job)}  ${targetText(job.target)}${more}`
}

export const watchProgressLine = (time: string, jobId: string, progress: ProgressView): string =>
  `${clockTime(time)}  ${escapeText(jobId)}  ${progressText(progress)}`

/** Returns a line of `watch` about one stored event. */
export const watchEventLine = (event: StoredEvent): string => {
  const subject = escapeText(event.jobId ?? event.batchId ?? '')
  if (event.type === 'part.uploaded' && event.part !== undefined) {
    const { partNumber, size, etag } = event.part
    const tag = etag === null ? '' : `, etag ${escapeText(etag)}`
    return `${clockTime(event.at)}  ${subject}  part ${partNumber} uploaded, ${formatBytes(size)}${tag}`
  }
  if (event.job !== undefined && event.type !== 'job.deleted') return watchJobLine(event.at, event.job)
  if (event.batch !== undefined) return `${clockTime(event.at)}  ${subject}  batch ${escapeText(event.batch.state)}`
  return `${clockTime(event.at)}  ${subject}  ${escapeText(event.type.replace(/^job\./, ''))}`
}

/** Returns `12:03:44Z` from an ISO 8601 instant. */
const clockTime = (instant: string): string => `${escapeText(instant).slice(11, 19)}Z`

/** Returns whether a sentence mentions a field already, as the sentence of a single error does. */
const tells = (sentence: string, { path, message }: FieldError): boolean =>
  ` ${sentence}`.includes(path === '' ? ` ${message}` : ` ${path} ${message}`)

/**
 * Returns what a refusal says, and one line for each field that the refusal names and the sentence does not mention.
 * HTTP's title is used for answers that say nothing else.
 */
export const problemLines = ({ title, detail, code, errors }: Problem): string[] => {
  const sentence = detail ?? title
  return [
    `${escapeText(sentence)} (${escapeText(code)})`,
    ...errors
      .filter((error) => !tells(sentence, error))
      .map(({ path, message }) => `  ${path === '' ? '' : `${escapeText(path)}: `}${escapeText(message)}`),
  ]
}
