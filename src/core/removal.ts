import type { RemovalNote, SourceRemoval } from './job.js'

/** Returns the removal as the API shows it: null while it is under way. */
export const removalNoteOf = (removal: SourceRemoval | null): RemovalNote | null =>
  removal === null || removal.state === 'pending' ? null : removal

const asidePrefix = '.longshore-'

/**
 * Returns the name under which a source is looked at for the last time. `secret` is 32 hexadecimal digits that cannot
 * be guessed.
 */
export const asideName = (secret: string): string => asidePrefix + secret

/** Returns whether a file has such a name. Walks pass over what is about to be removed. */
export const isAsideName = (name: string): boolean => /^\.longshore-[0-9a-f]{32}$/.test(name)
