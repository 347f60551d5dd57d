import SqliteDatabase from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { migrate, readMigrations } from '../../../src/adapters/sqlite/files/migrate.js'
import { atWorkSql, nextOfBatchSql, nextOfStateSql } from '../../../src/adapters/sqlite/jobs/bulk-verbs.js'
import { countSql } from '../../../src/adapters/sqlite/jobs/count-jobs.js'
import { listSql } from '../../../src/adapters/sqlite/jobs/list-jobs.js'
import { saveSql } from '../../../src/adapters/sqlite/jobs/save-changes.js'
import { changingColumns } from '../../../src/adapters/sqlite/sql/job-columns.js'
import { sql } from '../../../src/adapters/sqlite/sql/statements.js'
import { jobStates } from '../../../src/core/job.js'

const setup = () => {
  const database = new SqliteDatabase(':memory:')
  migrate(database, 0, readMigrations())
  return (text: string): string[] => {
    const names = [...new Set([...text.matchAll(/[:](\w+)/g)].map((match) => match[1] as string))]
    const positional = text.match(/\?/g)?.map(() => null) ?? []
    const query = database.prepare(`EXPLAIN QUERY PLAN ${text}`)
    const rows =
      names.length > 0 ? query.all(Object.fromEntries(names.map((name) => [name, null]))) : query.all(positional)
    return (rows as { detail: string }[]).map(({ detail }) => detail)
  }
}

/**
 * The length of these walks does not depend on how much is stored: they take a fixed handful of rows, or the words of
 * one parameter.
 */
const bounded =
  /SCAN (chores|job_counts|wait_counts|webhook_counts|settings|nodes|buckets|sqlite_sequence|wanted VIRTUAL TABLE.*|own VIRTUAL TABLE.*|json_each VIRTUAL TABLE.*)$/

const expectDirect = (name: string, plan: readonly string[]): void => {
  const wasteful = plan.filter((step) => /SCAN|TEMP B-TREE|AUTOMATIC/.test(step) && !bounded.test(step))
  expect(wasteful, name).toEqual([])
}

describe('the statements', () => {
  it('find their rows by an index and need no sorting, every one', () => {
    const explain = setup()
    for (const [name, text] of Object.entries(sql)) expectDirect(name, explain(text))
  })

  it('claim through the partial indexes made for it', () => {
    const explain = setup()
    expect(explain(sql.nextReadyBucket)).toEqual(['SEARCH jobs USING INDEX jobs_ready (endpoint=? AND bucket>?)'])
    expect(explain(sql.nextReadyEndpoint)).toEqual(['SEARCH jobs USING INDEX jobs_ready (endpoint>?)'])
    for (const text of [sql.readyJobsOfPair, sql.readyJobsOfPairReversed]) {
      expect(explain(text)).toEqual(['SEARCH jobs USING INDEX jobs_ready (endpoint=? AND bucket=? AND state=?)'])
    }
    expect(explain(sql.cancelsWithoutUpload)).toEqual(['SEARCH jobs USING INDEX jobs_cancelling (state=?)'])
    expect(explain(sql.overdueJobs)).toEqual(['SEARCH jobs USING INDEX jobs_deadline (not_after<?)'])
    expect(explain(sql.expiredLeases)).toContain('SEARCH jobs USING INDEX jobs_leased (lease_until<?)')
    expect(explain(sql.promoteDueJobs)).toContain('SEARCH jobs USING COVERING INDEX jobs_due (due_at<?)')
    expect(explain(sql.nextDueJob)).toEqual(['SEARCH jobs USING COVERING INDEX jobs_due (due_at>?)'])
  })

  it('save a job by its number, whatever has changed of it', () => {
    const explain = setup()
    const columns = Object.keys(changingColumns)
    for (const changed of [['state'], ['lease_node', 'lease_until'], columns]) {
      expect(explain(saveSql(changed))).toContain('SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)')
      expectDirect(changed.join(), explain(saveSql(changed)))
    }
  })

  it('list by an index and need no sorting, whatever the filter', () => {
    const explain = setup()
    expectDirect('all', explain(listSql({})))
    expectDirect('a source', explain(listSql({ source: '/srv/in/a', labels: [{ key: 'a', value: null }] })))
    expect(explain(listSql({ source: '/srv/in/a' }))).toContain(
      'SEARCH jobs USING INDEX jobs_source (source_path=? AND rowid<?)',
    )
    expectDirect('a batch', explain(listSql({ batchId: 'b', states: ['queued'] })))
    for (let count = 1; count <= jobStates.length; count++) {
      expectDirect(`${count} states`, explain(listSql({ states: jobStates.slice(0, count) })))
    }
  })

  it('find the next jobs of a verb for many by an index and need no sorting', () => {
    const explain = setup()
    expectDirect('a state', explain(nextOfStateSql))
    expectDirect('a batch', explain(nextOfBatchSql))
    expectDirect('jobs at work', explain(atWorkSql))
    expect(explain(nextOfBatchSql)).toContain(
      'SEARCH jobs USING INDEX jobs_batch_idle (batch_id=? AND state=? AND rowid>? AND rowid<?)',
    )
  })

  it('count by an index and need no sorting, whatever the filter', () => {
    const explain = setup()
    const plans = [{ since: 1 }, { batchId: 'b', since: 1 }, { source: '/a' }, { source: '/a/' }, { ids: ['a'] }].map(
      (filter) => explain(countSql(filter)).filter((step) => !/^SCAN \(subquery|^CO-ROUTINE/.test(step)),
    )
    for (const [index, plan] of plans.entries()) expectDirect(`plan ${index}`, plan)
  })
})
