import type { Answer } from '../wire/exchange.js'
import type { OssClient } from './client.js'
import { isFields, parseFields, textOf } from './oss-answers.js'

/** An abort rule is a lifecycle rule that aborts open multipart uploads. Exactly one of `days` and `before` is set. */
export interface AbortRule {
  readonly id: string
  /** The rule holds for keys with this prefix. It is empty when the rule holds for all keys. */
  readonly prefix: string
  /** The days count from the beginning of the upload. */
  readonly days: number | null
  /** The rule holds for uploads that began before this instant (ISO 8601). */
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

/**
 * Returns the rules of a LifecycleConfiguration that abort uploads, or null when the answer is no
 * LifecycleConfiguration.
 */
export const readAbortRules = async (client: OssClient, answer: Answer): Promise<readonly AbortRule[] | null> => {
  const fields = await parseFields(client, answer.body)
  if (fields === null) return null
  // The parser gives nothing when there is no Rule, an object when there is one, and an array when there are several.
  return [fields['Rule'] ?? []]
    .flat()
    .map(readRule)
    .filter((rule) => rule !== null)
}
