import type { JobOptions, JobTarget } from './job.js'
import { type AllowedTarget, isTargetAllowed } from './object-key.js'

/** What a token may do; each scope includes those before it. */
export const scopes = ['read', 'submit', 'admin'] as const
export type Scope = (typeof scopes)[number]

export const includesScope = (held: Scope, asked: Scope): boolean => scopes.indexOf(held) >= scopes.indexOf(asked)

/** To what a token is bound beside its scope; null: to no more than the daemon itself is. */
export interface Binding {
  /** Directories, real paths. */
  readonly roots: readonly string[] | null
  readonly targets: readonly AllowedTarget[] | null
}

/** Who asks for something: the holder of a token, or anybody where the daemon has none. */
export interface Caller extends Binding {
  /** The token's name, for events and logs; null without a token. */
  readonly name: string | null
}

/** Who calls a daemon that knows no tokens, and the daemon itself. */
export const anybody: Caller = { name: null, roots: null, targets: null }

export const mayWrite = ({ targets }: Binding, { bucket, key }: Pick<JobTarget, 'bucket' | 'key'>): boolean =>
  targets === null || isTargetAllowed(targets, bucket, key)

const isBelow = (directory: string, path: string): boolean => path === directory || path.startsWith(`${directory}/`)

/**
 * Whether a caller may steer a job: one who is bound to targets those of its targets alone, one who is bound to roots
 * those alone that were accepted from callers bound at least as narrowly.
 */
export const mayControl = (
  caller: Binding,
  job: { readonly target: Pick<JobTarget, 'bucket' | 'key'>; readonly options: Pick<JobOptions, 'roots'> },
): boolean => {
  const { roots } = caller
  if (!mayWrite(caller, job.target)) return false
  if (roots === null) return true
  return job.options.roots?.every((root) => roots.some((mine) => isBelow(mine, root))) ?? false
}
