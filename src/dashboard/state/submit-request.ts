import type { IfExists } from '../../core/job-options.js'

/** This is the form as it is typed. */
export interface Draft {
  readonly kind: 'file' | 'directory'
  readonly path: string
  readonly bucket: string
  /**
   * This is the key of a file, or the prefix of a directory. When it is empty, the key is the file's name, or there is
   * no prefix.
   */
  readonly key: string
  readonly ifExists: IfExists
  readonly priority: string
  /** Labels are typed as `a=1, b=2`, or one a line. */
  readonly labels: string
  /** Globs are typed one a line, or between commas. */
  readonly include: string
  readonly exclude: string
}

export const emptyDraft: Draft = {
  kind: 'file',
  path: '',
  bucket: '',
  key: '',
  ifExists: 'overwrite',
  priority: '0',
  labels: '',
  include: '',
  exclude: '',
}

const items = (text: string, separator: string | RegExp = /[,\n]/): string[] =>
  text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Splits globs. A comma within braces belongs to its glob: `*.{jpg,png}`, `{a,{b,c}}`. */
const globs = (text: string): string[] => {
  let depth = 0
  const lines = [...text].map((letter) => {
    if (letter === '\n') depth = 0
    else if (letter === '{') depth++
    else if (letter === '}') depth = Math.max(0, depth - 1)
    return letter === ',' && depth === 0 ? '\n' : letter
  })
  return items(lines.join(''), '\n')
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    items(text).map((item) => {
      const at = item.indexOf('=')
      return at === -1 ? [item, ''] : [item.slice(0, at).trim(), item.slice(at + 1).trim()]
    }),
  )

const nameOf = (path: string): string => path.replace(/\/+$/, '').split('/').at(-1) ?? ''

/**
 * Returns the key of a file. It is the file's name when none is typed, and a key that ends with a slash is a folder for
 * the file.
 */
export const keyOf = ({ path, key }: Pick<Draft, 'path' | 'key'>): string => {
  const trimmed = key.trim()
  return trimmed === '' || trimmed.endsWith('/') ? `${trimmed}${nameOf(path.trim())}` : trimmed
}

export interface SubmitRequest {
  readonly path: 'v1/jobs' | 'v1/batches'
  readonly body: unknown
}

/** Returns the request to the daemon. The daemon judges it, so nothing is checked twice here. */
export const submitRequestOf = (draft: Draft): SubmitRequest => {
  const labels = labelsOf(draft.labels)
  const priority = Number(draft.priority)
  const options = {
    ifExists: draft.ifExists,
    ...(priority === 0 ? {} : { priority }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  }
  const path = draft.path.trim()
  const bucket = draft.bucket.trim()
  if (draft.kind === 'file') {
    return { path: 'v1/jobs', body: { source: { path }, target: { bucket, key: keyOf(draft) }, ...options } }
  }
  const include = globs(draft.include)
  const exclude = globs(draft.exclude)
  const prefix = draft.key.trim()
  return {
    path: 'v1/batches',
    body: {
      source: {
        dir: path,
        ...(include.length === 0 ? {} : { include }),
        ...(exclude.length === 0 ? {} : { exclude }),
      },
      target: { bucket, ...(prefix === '' ? {} : { prefix }) },
      ...options,
    },
  }
}

/** Returns the field of the form that a path of `errors` is about. Null means the whole form. */
export const fieldOf = (path: string): keyof Draft | null => {
  if (/^source\.(path|dir)$/.test(path)) return 'path'
  if (path === 'target.bucket') return 'bucket'
  if (/^target\.(key|prefix)$/.test(path)) return 'key'
  if (/^source\.(include|exclude)/.test(path)) return path.startsWith('source.include') ? 'include' : 'exclude'
  if (/^labels/.test(path)) return 'labels'
  return path === 'priority' || path === 'ifExists' ? path : null
}
