/** This is what is asked of a batch itself, and not of each of its jobs. Answers show it as it is. */
export interface BatchOwnFields {
  /** The walk makes no jobs, and only lists what it would send. */
  readonly dryRun: boolean
}

export interface BatchOwnFieldsRequest {
  readonly dryRun?: boolean | undefined
}

/** Returns the own fields of a batch, with every default resolved, of a request or of a batch. */
export const ownFieldsOf = ({ dryRun }: BatchOwnFieldsRequest): BatchOwnFields => ({ dryRun: dryRun ?? false })
