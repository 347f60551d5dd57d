import type { Fingerprint, Receipt } from './job.js'

/** What becomes of a source that its job deletes. */
export type SourceRemoval =
  /** Committed before the file is touched. `aside`: the name, in its directory, under which it is looked at a last time. */
  | {
      readonly state: 'pending'
      readonly aside: string
      readonly fingerprint: Fingerprint
      readonly receipt: Receipt
    }
  | RemovalNote

export const removalOutcomes = ['removed', 'kept'] as const

/** How it ended. `note` says why a source was kept, or what is odd; null when there is nothing to say. */
export interface RemovalNote {
  readonly state: (typeof removalOutcomes)[number]
  readonly note: string | null
}

/** As the API shows it: null while it is under way. */
export const removalNoteOf = (removal: SourceRemoval | null): RemovalNote | null =>
  removal === null || removal.state === 'pending' ? null : removal

const asidePrefix = '.longshore-'

/** The name under which a source is looked at a last time. `secret`: 32 hexadecimal digits that nobody can guess. */
export const asideName = (secret: string): string => asidePrefix + secret

/** Walks pass over what is about to be removed. */
export const isAsideName = (name: string): boolean => /^\.longshore-[0-9a-f]{32}$/.test(name)
