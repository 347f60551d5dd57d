/**
 * The right of one node to do a chore (`core/chore.ts`) for a while. `epoch` grows with each taking of any chore and is
 * never given again, so that it fences writes.
 */
export interface Chore {
  readonly name: string
  readonly epoch: number
}

/**
 * Says which node does the work that is no job. The clock of the store judges how long a chore lasts, so that only
 * durations cross this port. Adapters throw as JobStore does.
 */
export interface ChoreStore {
  /**
   * Takes the chore for `leaseMs`, when no node has it or its lease is over. `forMs` is the time until the lease of the
   * node that has it can be over. A chore is kept only while a node has it, so none is left of work that is done.
   */
  takeChore(request: {
    readonly name: string
    readonly node: string
    readonly leaseMs: number
  }): Promise<{ readonly kind: 'taken'; readonly chore: Chore } | { readonly kind: 'held'; readonly forMs: number }>
  /** Renews the chore for `leaseMs` from now. Returns false when it is lost, so that the work has to stop. */
  keepChore(chore: Chore, leaseMs: number): Promise<boolean>
  /** Ends the chore, so that any node can take it at once. Nothing happens when it is lost. */
  leaveChore(chore: Chore): Promise<void>
}
