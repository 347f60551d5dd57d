import type { WalkedChunk, WalkRequest } from '../../ports/directory-walker.js'
import type { Roots } from './roots.js'

/** The thread of a walk is started with these settings. */
export interface WalkSettings {
  readonly request: WalkRequest
  readonly roots: Roots
  /** The node that takes the fingerprints. */
  readonly node: string | null
  /** The thread counts here the entries that it has looked at. A thread that no longer counts hangs. */
  readonly steps: SharedArrayBuffer
}

/** The thread sends one such message for each `next` that it receives. */
export type WalkMessage =
  | (WalkedChunk & { readonly kind: 'chunk'; readonly done: boolean })
  | { readonly kind: 'failed'; readonly message: string }
