import { isWithin } from './directory.js'
import type { JobTarget } from './job.js'
import type { JobOptions } from './job-options.js'
import { type BucketPrefix, isTargetAllowed } from './object-key.js'

/** What a token may do. Each scope includes those before it. */
export const scopes = ['read', 'submit', 'admin'] as const
export type Scope = (typeof scopes)[number]

export const includesScope = (held: Scope, asked: Scope): boolean => scopes.indexOf(held) >= scopes.indexOf(asked)

/** What a token is bound to beside its scope. Null means that it may do as much as the daemon itself. */
export interface Binding {
  /** Real paths of directories. */
  readonly roots: readonly string[] | null
  readonly targets: readonly BucketPrefix[] | null
}

/** This says who asks for something: the holder of a token, or anybody where the daemon has no tokens. */
export interface Caller extends Binding {
  /** The name of the token, for events and logs; null without a token. */
  readonly name: string | null
}

/** The caller of a daemon that knows no tokens, and the daemon itself. */
export const anybody: Caller = { name: null, roots: null, targets: null }

export const mayWrite = ({ targets }: Binding, { bucket, key }: Pick<JobTarget, 'bucket' | 'key'>): boolean =>
  targets === null || isTargetAllowed(targets, bucket, key)

/**
 * Whether a caller may control a job. A caller who is bound to targets may control only jobs to those targets. A caller
 * who is bound to roots may control only jobs that were accepted from callers who were bound at least as narrowly.
 */
export const mayControl = (
  caller: Binding,
  job: { readonly target: Pick<JobTarget, 'bucket' | 'key'>; readonly options: Pick<JobOptions, 'roots'> },
): boolean => {
  const { roots } = caller
  if (!mayWrite(caller, job.target)) return false
  if (roots === null) return true
  return job.options.roots?.every((root) => roots.some((mine) => isWithin(mine, root))) ?? false
}
