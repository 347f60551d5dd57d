/** What was found in a database file. It is sound when `problems` is empty. */
export interface DatabaseReport {
  readonly path: string
  readonly sizeBytes: number
  /** Of the write-ahead log, which a running daemon or a killed one leaves beside the file. */
  readonly walBytes: number
  readonly schemaVersion: number
  /** False while a daemon has it open, and after one that was killed. */
  readonly closedCleanly: boolean
  readonly jobs: number
  readonly events: number
  /** Sentences, at most a hundred. */
  readonly problems: readonly string[]
}
