import type { JobFilter } from '../../../core/job-filter.js'

// A parameter that is null asks for nothing. Labels come as [[key, value], ...], where a null value stands for any
// value.
export const matches = `
  (:bucket IS NULL OR bucket = :bucket)
  AND (:batchId IS NULL OR batch_id = :batchId)
  AND (:since IS NULL OR created_at >= :since)
  AND (:openSince IS NULL OR finished_at IS NULL OR finished_at >= :openSince)
  AND (:source IS NULL OR source_path = :source
    OR (substr(:source, -1) = '/' AND substr(source_path, 1, length(:source)) = :source))
  AND (:node IS NULL OR lease_node = :node OR place IN (SELECT nodes.n FROM nodes WHERE nodes.id = :node))
  AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:labels IS NULL OR NOT EXISTS (
    SELECT 1 FROM json_each(:labels) AS wanted
    WHERE NOT EXISTS (
      SELECT 1 FROM json_each(jobs.labels) AS own
      WHERE own.key = wanted.value ->> 0 AND (wanted.value ->> 1 IS NULL OR own.value = wanted.value ->> 1)
    )
  )) AS matches`

const listed = (values: readonly unknown[] | undefined): string | null =>
  values === undefined ? null : JSON.stringify([...new Set(values)])

/** Returns the parameters of a statement that contains `matches`. */
export const filterParameters = (filter: JobFilter) => ({
  bucket: filter.bucket ?? null,
  batchId: filter.batchId ?? null,
  since: filter.since ?? null,
  openSince: filter.openSince ?? null,
  source: filter.source ?? null,
  node: filter.node ?? null,
  ids: listed(filter.ids),
  states: listed(filter.states),
  labels: filter.labels?.length ? JSON.stringify(filter.labels.map(({ key, value }) => [key, value])) : null,
})

/** Returns whether a source is one file rather than a directory. The index of the paths finds a file. */
export const isWholePath = (source: string | undefined): boolean => source !== undefined && !source.endsWith('/')
