import { parseRate } from './bandwidth.js'
import { type Callback, type CallbackRequest, callbackOf } from './callback.js'
import { withoutQuery } from './shown-url.js'

export const ifExistsPolicies = ['overwrite', 'skip', 'skipSame', 'fail'] as const
export type IfExists = (typeof ifExistsPolicies)[number]

export const sourceChangePolicies = ['fail', 'restart'] as const
export type OnSourceChange = (typeof sourceChangePolicies)[number]

/** This says who is told the events of a job. The URL was checked when the job was submitted. */
export interface WebhookSubscription {
  readonly url: string
  /** These types of stored events are told. Each of them carries a job. */
  readonly events: readonly string[]
}

/**
 * These are the options of a job, with every default resolved at its submit. Sizes are bytes, and instants are
 * milliseconds since the epoch.
 */
export interface JobOptions {
  readonly partSize: number
  readonly multipartThreshold: number
  readonly parallel: number
  readonly sequential: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly ifExists: IfExists
  /** The source must have this CRC-64, which is a decimal string. */
  readonly crc64: string | null
  readonly notAfter: number | null
  readonly onSourceChange: OnSourceChange
  /**
   * These are real paths of the directories to which the token of the submit was bound. The source must lie below one
   * of them.
   */
  readonly roots?: readonly string[]
  /** This is the limit in bytes per second. When it is absent, only the limit of the daemon counts. */
  readonly bandwidth?: number
  /** This is how `bandwidth` was spelt. It is absent where there is no limit, and in jobs of older versions. */
  readonly bandwidthAsked?: string
  /** When it is absent, no receiver is told. */
  readonly webhook?: WebhookSubscription
  /** When it is absent, OSS calls no server. */
  readonly callback?: Callback
  /** When it is absent, the source stays. */
  readonly deleteSource?: true
}

export interface WebhookRequest {
  readonly url: string
  readonly events?: readonly string[] | undefined
}

/** This is what a request may ask of the options. */
export interface JobOptionsRequest {
  readonly partSize?: number | undefined
  readonly multipartThreshold?: number | undefined
  readonly parallel?: number | undefined
  /** The bytes for each second are a size like `20MiB`, as it was asked for. */
  readonly bandwidth?: string | null | undefined
  readonly sequential?: boolean | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly ifExists?: IfExists | undefined
  readonly crc64?: string | null | undefined
  /** The instant is milliseconds since the epoch. */
  readonly notAfter?: number | null | undefined
  readonly onSourceChange?: OnSourceChange | undefined
  readonly webhook?: WebhookRequest | null | undefined
  readonly callback?: CallbackRequest | null | undefined
  readonly deleteSource?: boolean | undefined
}

/** Jobs get these when their request asks for nothing else. */
export interface OptionDefaults {
  readonly partSize: number
  readonly multipartThreshold: number
  readonly parallel: number
}

const bandwidthAskedFor = (asked: string | null): Pick<JobOptions, 'bandwidth' | 'bandwidthAsked'> => {
  const rate = asked === null ? null : parseRate(asked)
  return asked === null || rate === null ? {} : { bandwidth: rate, bandwidthAsked: asked }
}

/** Returns the options that jobs get, with every default resolved. `roots` are those of the token, or null. */
export const optionsOf = (
  request: JobOptionsRequest,
  defaults: OptionDefaults,
  { roots, webhook }: { readonly roots: readonly string[] | null; readonly webhook: WebhookSubscription | null },
): JobOptions => ({
  partSize: request.partSize ?? defaults.partSize,
  multipartThreshold: request.multipartThreshold ?? defaults.multipartThreshold,
  parallel: request.parallel ?? defaults.parallel,
  sequential: request.sequential ?? false,
  headers: request.headers ?? {},
  ifExists: request.ifExists ?? 'overwrite',
  crc64: request.crc64 ?? null,
  notAfter: request.notAfter ?? null,
  onSourceChange: request.onSourceChange ?? 'fail',
  ...bandwidthAskedFor(request.bandwidth ?? null),
  ...(roots === null ? {} : { roots }),
  ...(webhook === null ? {} : { webhook }),
  ...(request.deleteSource ? { deleteSource: true as const } : {}),
  ...(request.callback == null ? {} : { callback: callbackOf(request.callback) }),
})

/**
 * This is what was asked for a batch's jobs, with every default resolved. It can be sent again as the options of a
 * request, and null stands for what was not asked for.
 */
export interface BatchOptionsView {
  readonly headers: Readonly<Record<string, string>>
  readonly ifExists: IfExists
  readonly partSize: number
  readonly multipartThreshold: number
  readonly parallel: number
  readonly sequential: boolean
  readonly onSourceChange: OnSourceChange
  readonly notBefore: string | null
  readonly notAfter: string | null
  /** It is shown as it was asked for. */
  readonly bandwidth: string | null
  readonly deleteSource: boolean
  readonly callback: Callback | null
  /** The URL is shown without its query, which is often a secret of the receiver. */
  readonly webhook: WebhookSubscription | null
}

/** This is what was asked for one job. */
export interface OptionsView extends BatchOptionsView {
  readonly crc64: string | null
}

/** A view of the options is made of these. */
interface Asked {
  readonly options: JobOptions
  readonly notBefore: number | null
}

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

const bandwidthOf = ({ bandwidth, bandwidthAsked }: JobOptions): string | null =>
  bandwidth === undefined ? null : (bandwidthAsked ?? String(bandwidth))

/** Every field is named, because lists show many jobs and a spread is slow. */
export const viewOptions = ({ options, notBefore }: Asked): OptionsView => ({
  headers: options.headers,
  ifExists: options.ifExists,
  crc64: options.crc64,
  partSize: options.partSize,
  multipartThreshold: options.multipartThreshold,
  parallel: options.parallel,
  sequential: options.sequential,
  onSourceChange: options.onSourceChange,
  notBefore: instant(notBefore),
  notAfter: instant(options.notAfter),
  bandwidth: bandwidthOf(options),
  deleteSource: options.deleteSource === true,
  callback: options.callback ?? null,
  webhook:
    options.webhook === undefined ? null : { url: withoutQuery(options.webhook.url), events: options.webhook.events },
})

/** A batch asks for no CRC-64, because its files differ. */
export const viewBatchOptions = (of: Asked): BatchOptionsView => {
  const { crc64: _, ...others } = viewOptions(of)
  return others
}
