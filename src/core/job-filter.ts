import type { JobState } from './job.js'

/** Which jobs are meant. Everything that is given must hold. */
export interface JobFilter {
  readonly states?: readonly JobState[]
  readonly bucket?: string
  readonly batchId?: string
  /** All of these labels are asked for. A null value means that the label exists. */
  readonly labels?: readonly { readonly key: string; readonly value: string | null }[]
  /** The whole path, or with a `/` at its end everything below it. */
  readonly source?: string
  /** The job was made at this instant or later. */
  readonly since?: number
  /** The job is not settled, or it settled at this instant or later. */
  readonly openSince?: number
  readonly ids?: readonly string[]
  /** Only this node sees the source, or this node holds the job. */
  readonly node?: string
}

export const isOfAll = (filter: JobFilter): boolean => Object.keys(filter).length === 0

/** Returns the batch that a filter names when it asks for nothing else; null when it does. */
export const wholeBatch = ({ batchId, ...others }: JobFilter): string | null =>
  isOfAll(others) ? (batchId ?? null) : null
