/** The right of one node to work on a job. `epoch` grows with each claim and fences writes; opaque to the engine. */
export interface Lease {
  readonly jobId: string
  readonly epoch: number
}

/** A write of a lease that another claim has overtaken changes nothing and answers `fenced`: drop the work. */
export type Fenced = 'fenced'
