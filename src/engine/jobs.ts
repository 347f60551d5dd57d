import type { IfExists, OnSourceChange } from '../core/job.js'
import type { JobView } from '../core/job-view.js'
import type { PartView } from '../core/part-view.js'
import type { IdempotencyKey, JobFilter, Page, PageRequest } from '../ports/store.js'

/** A valid job request: shapes, sizes, key, bucket, path and header rules were checked by the caller. Defaults are filled in here. */
export interface SubmitRequest {
  readonly source: { readonly path: string }
  readonly target: { readonly bucket: string; readonly key: string }
  readonly partSize?: number | undefined
  readonly multipartThreshold?: number | undefined
  readonly parallel?: number | undefined
  readonly sequential?: boolean | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly ifExists?: IfExists | undefined
  readonly crc64?: string | undefined
  readonly priority?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
  readonly onSourceChange?: OnSourceChange | undefined
}

export const verbs = ['pause', 'resume', 'cancel', 'retry'] as const
export type Verb = (typeof verbs)[number]

/** The use cases around jobs. Everything throws AppError for what a caller can act on. */
export interface Jobs {
  submit(request: SubmitRequest, idempotency: IdempotencyKey | null): Promise<{ job: JobView; replayed: boolean }>
  get(jobId: string): Promise<JobView>
  /** The job when it is settled, or as it is after `timeoutMs`, or when the signal aborts. */
  wait(jobId: string, timeoutMs: number, signal: AbortSignal): Promise<JobView>
  list(filter: JobFilter, page: PageRequest): Promise<Page<JobView>>
  parts(jobId: string, page: PageRequest): Promise<Page<PartView>>
  control(jobId: string, verb: Verb): Promise<JobView>
  remove(jobId: string): Promise<void>
}
