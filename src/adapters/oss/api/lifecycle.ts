import type { Answer } from '../wire/exchange.js'
import type { OssClient } from './client.js'
import { isFields, parseFields, textOf } from './oss-answers.js'

/** A lifecycle rule that aborts open multipart uploads. Exactly one of `days` and `before` is set. */
export interface AbortRule {
  readonly id: string
  /** Of the keys; empty for all. */
  readonly prefix: string
  /** Since the upload began. */
  readonly days: number | null
  /** Uploads that began before this instant, ISO 8601. */
  readonly before: string | null
}

const readRule = (listed: unknown): AbortRule | null => {
  if (!isFields(listed) || textOf(listed, 'Status') !== 'Enabled') return null
  const abort = listed['AbortMultipartUpload']
  if (!isFields(abort)) return null
  const days = textOf(abort, 'Days')
  const before = textOf(abort, 'CreatedBeforeDate')
  if (before === null && !/^\d{1,6}$/.test(days ?? '')) return null
  return {
    id: textOf(listed, 'ID') ?? 'without a name',
    prefix: textOf(listed, 'Prefix') ?? '',
    days: before === null ? Number(days) : null,
    before,
  }
}

/** The rules of a LifecycleConfiguration that abort uploads, or null when it is none. */
export const readAbortRules = async (client: OssClient, answer: Answer): Promise<readonly AbortRule[] | null> => {
  const fields = await parseFields(client, answer.body)
  if (fields === null) return null
  // Without a Rule the parser gives nothing, with one an object, with several an array.
  return [fields['Rule'] ?? []]
    .flat()
    .map(readRule)
    .filter((rule) => rule !== null)
}
