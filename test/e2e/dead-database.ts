import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'

export interface DeadJob {
  readonly id: string
  readonly key: string
  readonly state: string
  readonly intent: string | null
  readonly uploadId: string | null
  /** These are the numbers of the parts that were committed. */
  readonly parts: readonly number[]
  /** These are the types of its events, in order. */
  readonly events: readonly string[]
}

const files = ['longshore.db', 'longshore.db-wal']

/**
 * Returns the jobs that a killed daemon left on disk, oldest first. They are read from a copy, because opening the
 * database itself would recover and checkpoint it before the next daemon does.
 */
export const readDeadDatabase = async (dataDir: string): Promise<readonly DeadJob[]> => {
  const copy = await mkdtemp(join(tmpdir(), 'longshore-dead-'))
  try {
    for (const file of files) {
      if (existsSync(join(dataDir, file))) await cp(join(dataDir, file), join(copy, file))
    }
    const database = new SqliteDatabase(join(copy, 'longshore.db'))
    try {
      const partsOf = database.prepare("SELECT part_number FROM parts WHERE job_id = ? AND state = 'uploaded'").pluck()
      const eventsOf = database.prepare('SELECT type FROM events WHERE job_id = ? ORDER BY n').pluck()
      const jobs = database.prepare('SELECT id, key, state, intent, upload_id AS uploadId FROM jobs ORDER BY seq').all()
      return (jobs as Omit<DeadJob, 'parts' | 'events'>[]).map((job) => ({
        ...job,
        parts: partsOf.all(job.id) as number[],
        events: eventsOf.all(job.id) as string[],
      }))
    } finally {
      database.close()
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}
