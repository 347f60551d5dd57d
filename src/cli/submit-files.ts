import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobView } from '../core/job-view.js'
import type { Api, JobRequest } from './api.js'
import { DaemonUnreachable, ProblemError } from './http-client.js'
import { forEachInFlight } from './in-flight.js'

/** A file and the object that it is to become. */
export interface FileToSubmit {
  readonly path: string
  readonly bucket: string
  readonly key: string
}

export interface SubmitOptions {
  readonly api: Api
  readonly files: AsyncIterable<FileToSubmit>
  /** What all jobs have in common. */
  readonly common: Omit<JobRequest, 'source' | 'target'>
  /** Random; makes the idempotency keys of this run its own. */
  readonly runId: string
  readonly signal: AbortSignal
  /** How long the daemon may stay away once it has accepted something. */
  readonly graceMs: number
  onAccepted(job: JobView): void
  /** This file was refused; the others go on. */
  onRefused(file: FileToSubmit, refusal: ProblemError): void
}

const mostInFlight = 16
const retryMs = 500
const longestRetryMs = 10_000

/** Refusals that are about the caller or the daemon: every other file would meet the same. */
const isAboutAll = ({ problem }: ProblemError): boolean =>
  problem.status === 401 || problem.status >= 500 || problem.code === 'forbidden'

/**
 * Submits each file as a job of its own. A POST is repeated, under the same idempotency key, when the daemon asks to slow
 * down or goes away after it had accepted a job. Throws DaemonUnreachable when it was never there or stays away,
 * ProblemError for refusals that concern all files, and the signal's reason.
 */
export const submitFiles = async (options: SubmitOptions): Promise<void> => {
  const { api, files, common, runId, signal, graceMs, onAccepted, onRefused } = options
  let accepted = false

  const submit = async (file: FileToSubmit): Promise<JobView> => {
    const { path, bucket, key } = file
    // A header holds ASCII only, a path does not; and one path may go to several keys.
    const hash = createHash('sha256').update(`${path}\0${bucket}\0${key}`).digest('hex')
    const request = { ...common, source: { path }, target: { bucket, key } }
    let awaySince: number | null = null
    for (;;) {
      try {
        return await api.submit(request, `${runId}-${hash.slice(0, 32)}`, signal)
      } catch (error) {
        let pauseMs = retryMs
        if (error instanceof DaemonUnreachable) {
          awaySince ??= performance.now()
          if (!accepted || performance.now() - awaySince > graceMs) throw error
        } else if (error instanceof ProblemError && error.problem.status === 429) {
          awaySince = null
          pauseMs = Math.min(error.problem.retryAfterMs ?? retryMs, longestRetryMs)
        } else {
          throw error
        }
        await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    }
  }

  await forEachInFlight(files, mostInFlight, async (file) => {
    try {
      const job = await submit(file)
      accepted = true
      onAccepted(job)
    } catch (error) {
      if (!(error instanceof ProblemError) || isAboutAll(error)) throw error
      onRefused(file, error)
    }
  })
}
