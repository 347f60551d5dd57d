/** This is what was found in a database file. The file is sound when `problems` is empty. */
export interface DatabaseReport {
  readonly path: string
  readonly sizeBytes: number
  /** The bytes of the write-ahead log, which a running daemon or a killed one leaves beside the file. */
  readonly walBytes: number
  readonly schemaVersion: number
  /** False while a daemon has the file open, and after a daemon that was killed. */
  readonly closedCleanly: boolean
  readonly jobs: number
  readonly events: number
  /** At most a hundred sentences. */
  readonly problems: readonly string[]
}
