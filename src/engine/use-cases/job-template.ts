import { parseRate } from '../../core/bandwidth.js'
import type { BatchProblem, JobTemplate } from '../../core/batch.js'
import { type CallbackRequest, callbackOf } from '../../core/callback.js'
import type { Caller } from '../../core/caller.js'
import type {
  Fingerprint,
  IfExists,
  JobOptions,
  JobTarget,
  NewJob,
  OnSourceChange,
  WebhookSubscription,
} from '../../core/job.js'
import { keyProblem } from '../../core/object-key.js'
import { maxObjectSize } from '../../core/plan.js'
import type { WebhookRequest } from '../outbox/subscription.js'

/** What a request may ask for each of its jobs. */
export interface JobOptionsRequest {
  readonly partSize?: number | undefined
  readonly multipartThreshold?: number | undefined
  readonly parallel?: number | undefined
  /** Bytes for each second, as a size like `20MiB`, as it was asked for. */
  readonly bandwidth?: string | null | undefined
  readonly sequential?: boolean | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly ifExists?: IfExists | undefined
  readonly crc64?: string | null | undefined
  readonly priority?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore?: number | null | undefined
  readonly notAfter?: number | null | undefined
  readonly onSourceChange?: OnSourceChange | undefined
  readonly webhook?: WebhookRequest | null | undefined
  readonly callback?: CallbackRequest | null | undefined
  readonly deleteSource?: boolean | undefined
}

/** What jobs get when their request asks for nothing else. */
export interface OptionDefaults {
  readonly partSize: number
  readonly multipartThreshold: number
  readonly parallel: number
}

const bandwidthOf = (asked: string | null): Pick<JobOptions, 'bandwidth' | 'bandwidthAsked'> => {
  const rate = asked === null ? null : parseRate(asked)
  return asked === null || rate === null ? {} : { bandwidth: rate, bandwidthAsked: asked }
}

export const templateOf = (
  request: JobOptionsRequest,
  defaults: OptionDefaults,
  { roots, webhook }: Pick<Caller, 'roots'> & { readonly webhook: WebhookSubscription | null },
): JobTemplate => ({
  options: {
    partSize: request.partSize ?? defaults.partSize,
    multipartThreshold: request.multipartThreshold ?? defaults.multipartThreshold,
    parallel: request.parallel ?? defaults.parallel,
    sequential: request.sequential ?? false,
    headers: request.headers ?? {},
    ifExists: request.ifExists ?? 'overwrite',
    crc64: request.crc64 ?? null,
    notAfter: request.notAfter ?? null,
    onSourceChange: request.onSourceChange ?? 'fail',
    ...bandwidthOf(request.bandwidth ?? null),
    ...(roots === null ? {} : { roots }),
    ...(webhook === null ? {} : { webhook }),
    ...(request.deleteSource ? { deleteSource: true as const } : {}),
    ...(request.callback == null ? {} : { callback: callbackOf(request.callback) }),
  },
  priority: request.priority ?? 0,
  labels: request.labels ?? {},
  dueAt: request.notBefore ?? null,
})

/** Makes the ids and markers of new jobs. */
export interface JobNames {
  newId(): string
  /** Returns null when objects carry no marker. */
  newMarker(): string | null
}

export const newJob = (
  template: JobTemplate,
  of: Pick<NewJob, 'source' | 'target' | 'batchId'>,
  names: JobNames,
): NewJob => ({
  ...of,
  ...template,
  id: names.newId(),
  marker: names.newMarker(),
})

/** Returns why a file cannot become a job of its batch; null when it can. */
export const fileProblem = (
  path: string,
  { key }: Pick<JobTarget, 'key'>,
  { size }: Fingerprint,
): BatchProblem | null => {
  const wrong = keyProblem(key)
  if (wrong !== null)
    return { path, code: 'key_invalid', message: `As the key of an object the name ${wrong}`, jobId: null }
  if (size <= maxObjectSize) return null
  const message = `It has ${size} bytes; OSS holds at most ${maxObjectSize}`
  return { path, code: 'source_too_large', message, jobId: null }
}
