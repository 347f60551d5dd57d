/**
 * The right of one node to work on a job. `epoch` grows with each claim and fences writes. It means nothing to the
 * engine.
 */
export interface Lease {
  readonly jobId: string
  readonly epoch: number
}

/**
 * A write under a lease that another claim has overtaken changes nothing and answers `fenced`. The work is to be
 * dropped then.
 */
export type Fenced = 'fenced'
