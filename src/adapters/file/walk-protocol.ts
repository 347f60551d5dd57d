import type { WalkedChunk, WalkRequest } from '../../ports/directory-walker.js'
import type { Roots } from './roots.js'

/** What the thread of a walk is started with. */
export interface WalkSettings {
  readonly request: WalkRequest
  readonly roots: Roots
  /** Where the thread counts the entries that it has looked at: one that no longer counts hangs. */
  readonly steps: SharedArrayBuffer
}

/** From the thread, one for each `next` that it was sent. */
export type WalkMessage =
  | (WalkedChunk & { readonly kind: 'chunk'; readonly done: boolean })
  | { readonly kind: 'failed'; readonly message: string }
