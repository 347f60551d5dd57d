import SqliteDatabase from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { migrate, readMigrations } from '../../../src/adapters/sqlite/files/migrate.js'
import { createJobWriter } from '../../../src/adapters/sqlite/jobs/job-writer.js'
import { createOperations } from '../../../src/adapters/sqlite/operations/operations.js'
import { fingerprint } from '../../contract/store-setup.js'

/** This is the last schema that had sweeps, and a verb and a retry in each batch. */
const before = 19

/**
 * Makes a database of that schema with jobs j1..j9. j1..j6 are of the batch b, and each job is in the state that is
 * asked for, or else queued.
 */
const setup = (states: Readonly<Record<string, 'paused' | 'failed'>> = {}) => {
  const database = new SqliteDatabase(':memory:')
  database.pragma('foreign_keys = ON')
  migrate(database, 0, readMigrations().slice(0, before))
  database.exec(`
    INSERT INTO batches (id, source, bucket, prefix, endpoint, region, template, dry_run, created_at, walk)
    VALUES ('b', '{"kind":"files"}', 'bucket', '', 'e', 'r', '{"options":{},"priority":0,"labels":{},"dueAt":null}', 0, 1, 'done')`)
  for (let n = 1; n <= 9; n++) {
    database.exec(`
      INSERT INTO jobs (id, state, desired, priority, batch_id, labels, source_path, source_size, source_dev, source_ino,
        source_mtime_ns, source_ctime_ns, bucket, key, endpoint, region, options, created_at)
      VALUES ('j${n}', 'queued', 'run', 0, ${n <= 6 ? "'b'" : 'NULL'}, '{"n":"${n}"}', '/j${n}', 10, '1', '1', '1', '1', 'bucket',
        'j${n}', 'e', 'r', '{}', 1)`)
  }
  for (const [id, state] of Object.entries(states)) {
    if (state === 'paused') {
      database.exec(`UPDATE jobs SET state = 'paused', desired = 'pause' WHERE id = '${id}'`)
    } else {
      database.exec(`UPDATE jobs SET state = 'running', lease_node = 'n', lease_until = 9 WHERE id = '${id}'`)
      database.exec(`UPDATE jobs SET state = 'failed', lease_node = NULL, lease_until = NULL, error = '{}', finished_at = 5
        WHERE id = '${id}'`)
    }
  }
  /** Upgrades the database, and returns the operations of today. */
  const upgrade = () => {
    migrate(database, before, readMigrations())
    expect(database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }])
    expect(database.pragma('foreign_key_check')).toEqual([])
    return createOperations(createJobWriter(database))
  }
  const statesNow = () => database.prepare('SELECT state FROM jobs ORDER BY seq').pluck().all()
  return { database, upgrade, states: statesNow }
}

const finish = (operations: ReturnType<typeof createOperations>): void => {
  for (let left = 100; left > 0; left--) {
    const verbs = operations.unfinishedVerbs(20)
    if (verbs.length === 0) return
    for (const { id } of verbs) {
      const jobs = operations.jobsOfVerb(20, id, 2)
      operations.stepVerb(
        20,
        id,
        2,
        jobs.map((job) => ({ jobId: job.id, fingerprint: fingerprint() })),
      )
    }
  }
  throw new Error('it never ends')
}

describe('an upgrade from a schema with sweeps', () => {
  it('goes on with a sweep where it is', () => {
    const { database, upgrade, states } = setup({ j1: 'paused' })
    database.exec(`INSERT INTO sweeps (verb, filter, last, actor, after) VALUES ('pause', '{}', 8, 'ops', 2)`)
    const operations = upgrade()
    expect(operations.unfinishedVerbs(20)).toMatchObject([{ verb: 'pause', filter: {}, by: 'ops' }])
    finish(operations)
    expect(states()).toEqual(['paused', 'queued', ...Array(6).fill('paused'), 'queued'])
  })

  it('goes on with the verb of a batch where it is, and passes over what it has met', () => {
    const { database, upgrade, states } = setup()
    database.exec(`
      UPDATE batches SET desired = 'pause', steering = 'pause', steered_by = 'ops',
        course = '{"after":2,"last":6,"met":[4],"awaited":[1]}'`)
    const operations = upgrade()
    expect(operations.getBatch(20, 'b')).toMatchObject({ desired: 'pause', underway: ['pause'] })
    finish(operations)
    expect(states()).toEqual(['paused', 'queued', 'paused', 'queued', 'paused', 'paused', 'queued', 'queued', 'queued'])
    expect(operations.getBatch(20, 'b')).toMatchObject({ underway: [] })
  })

  it('begins the verb of a batch anew that an older release left without a course', () => {
    const { database, upgrade, states } = setup()
    database.exec(`UPDATE batches SET desired = 'cancel', walk = 'stopped', steering = 'cancel'`)
    finish(upgrade())
    expect(states()).toEqual([...Array(6).fill('cancelling'), ...Array(3).fill('queued')])
  })

  it('goes on with the retry of a batch, for what had failed when it was given', () => {
    const { database, upgrade, states } = setup({ j1: 'failed', j2: 'failed', j7: 'failed' })
    database.exec(
      `UPDATE jobs SET finished_at = 15 WHERE id = 'j2'; UPDATE batches SET retry_at = 10, steered_by = 'ops'`,
    )
    const operations = upgrade()
    expect(operations.unfinishedVerbs(20)).toMatchObject([{ verb: 'retry', by: 'ops', givenAt: 10 }])
    finish(operations)
    expect(states()).toEqual(['queued', 'failed', ...Array(4).fill('queued'), 'failed', 'queued', 'queued'])
  })

  it('keeps a batch as it is that has no verb', () => {
    const { upgrade } = setup()
    const operations = upgrade()
    expect(operations.unfinishedVerbs(20)).toEqual([])
    expect(operations.getBatch(20, 'b')).toMatchObject({ id: 'b', walk: 'done', underway: [], counts: { queued: 6 } })
  })
})
