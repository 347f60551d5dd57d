import type { AbortAnswer, OrphanView } from '../client/api.js'
import { formatBytes, formatSeconds } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'
import { targetText } from './job-text.js'

/** Every function here returns text that is safe to print, because other programs chose the keys. */

const line = (owner: string, age: string, bytes: string, job: string, upload: string): string =>
  [owner.padEnd(16), age.padStart(8), bytes.padStart(10), job.padEnd(29), upload].join('  ')

const dayS = 86_400

/** Returns a text like `2m 05s`, `26h 10m` or `31d 04h`. */
const ageText = (seconds: number): string => {
  if (seconds < 2 * dayS) return formatSeconds(seconds)
  const hours = Math.floor((seconds % dayS) / 3600)
  return `${Math.floor(seconds / dayS)}d ${String(hours).padStart(2, '0')}h`
}

const uploadText = (upload: Pick<OrphanView, 'bucket' | 'key' | 'uploadId'>): string =>
  `${targetText(upload)} ${escapeText(upload.uploadId)}`

export const orphanHeader = line('OWNER', 'AGE', 'BYTES', 'JOB', 'UPLOAD')

export const orphanLine = (orphan: OrphanView): string => {
  const { owner, jobState, jobId, ageSeconds, bytes } = orphan
  return line(
    escapeText(jobState === null ? owner : `${owner} (${jobState})`),
    ageText(ageSeconds),
    bytes === null ? '?' : formatBytes(bytes),
    jobId === null ? '-' : escapeText(jobId),
    uploadText(orphan),
  )
}

export const abortAnswerLine = (answer: AbortAnswer): string => {
  const why = answer.reason === null ? '' : `: ${escapeText(answer.reason)}`
  return `${escapeText(answer.result).padEnd(8)}  ${uploadText(answer)}${why}`
}
