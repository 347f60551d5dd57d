import type { Callback } from './callback.js'
import type { IfExists, Job, JobOptions, OnSourceChange, WebhookSubscription } from './job.js'
import { withoutQuery } from './shown-url.js'

/**
 * What was asked for a batch's jobs, with every default resolved. It can be sent again as the options of a request, and
 * null stands for what was not asked for.
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
  /** As it was asked for. */
  readonly bandwidth: string | null
  readonly deleteSource: boolean
  readonly callback: Callback | null
  /** The URL is shown without its query, which is often a secret of the receiver. */
  readonly webhook: WebhookSubscription | null
}

/** What was asked for one job. */
export interface OptionsView extends BatchOptionsView {
  readonly crc64: string | null
}

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

const bandwidthOf = ({ bandwidth, bandwidthAsked }: JobOptions): string | null =>
  bandwidth === undefined ? null : (bandwidthAsked ?? String(bandwidth))

/** Every field is named, because lists show many jobs and a spread is slow. */
export const viewOptions = ({ options, notBefore }: Pick<Job, 'options' | 'notBefore'>): OptionsView => ({
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
export const viewBatchOptions = (of: Pick<Job, 'options' | 'notBefore'>): BatchOptionsView => {
  const { crc64: _, ...others } = viewOptions(of)
  return others
}
