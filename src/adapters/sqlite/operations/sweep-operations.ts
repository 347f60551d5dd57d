import type SqliteDatabase from 'better-sqlite3'
import type { JobState } from '../../../core/job.js'
import { pauseJob, resumeJob } from '../../../core/job-steps.js'
import type { JobFilter } from '../../../ports/job-filter.js'
import type { Sweep, SweepVerb } from '../../../ports/sweep-store.js'
import type { Ledger } from '../jobs/job-writer.js'
import { filterParameters, matches } from '../sql/job-filter.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

interface SweepRow {
  readonly id: number
  readonly verb: SweepVerb
  readonly filter: string
  readonly last: number
  readonly actor: string | null
  readonly after: number
  readonly awaited: string
}

/** Jobs in these states are met. One that is completing cannot be paused, but may come back to the queue: it is awaited. */
const met: Readonly<Record<SweepVerb, readonly JobState[]>> = {
  pause: ['running', 'queued', 'completing'],
  resume: ['running', 'paused'],
}

export const sweepSql = `
  SELECT *, ${matches} FROM jobs INDEXED BY jobs_state
  WHERE state = :state AND seq > :after AND seq <= :last
  ORDER BY seq LIMIT :limit`

const sweepOf = ({ id, verb, filter }: SweepRow): Sweep => ({ id, verb, filter: JSON.parse(filter) as JobFilter })

const awaitedOf = ({ awaited }: SweepRow): readonly number[] => JSON.parse(awaited) as number[]

export const createSweepOperations = ({ database, statements, save }: Ledger) => {
  let prepared: SqliteDatabase.Statement | null = null

  /**
   * The next jobs in the order in which they were made, whatever their states: a job that changes its state meanwhile is
   * met once and no more, so that a later wish for it stands.
   */
  const nextJobs = (sweep: SweepRow, limit: number) => {
    prepared ??= database.prepare(sweepSql)
    const { after, last, verb } = sweep
    const wanted = { ...filterParameters(JSON.parse(sweep.filter) as JobFilter), after, last, limit }
    const rows = met[verb].flatMap((state) => prepared?.all({ ...wanted, state }) as (JobRow & { matches: 0 | 1 })[])
    return rows.sort((a, b) => a.seq - b.seq).slice(0, limit)
  }

  const steer = (row: JobRow, { verb, actor }: SweepRow, at: number): void => {
    const job = jobOf(row)
    const step = verb === 'pause' ? pauseJob(job) : resumeJob(job, row.not_before, at)
    if (step !== 'invalid_state' && step.event !== null) save(row, { ...step, by: actor }, at)
  }

  /** Those of them that are still completing; the others are steered. */
  const lookAgain = (sweep: SweepRow, awaited: readonly number[], at: number): readonly number[] =>
    awaited.filter((seq) => {
      const row = statements.jobBySeq.get(seq) as JobRow | undefined
      if (row?.state === 'completing') return true
      if (row !== undefined) steer(row, sweep, at)
      return false
    })

  const move = (id: number, after: number, awaited: readonly number[]): void =>
    void statements.moveSweep.run({ id, after, awaited: JSON.stringify(awaited) })

  /** A newer wish for a job that an older sweep awaits is the one that stands. */
  const giveUpAwaited = (filter: JobFilter): void => {
    const matching = database.prepare(`SELECT ${matches} FROM jobs WHERE seq = :seq`).pluck()
    for (const sweep of statements.sweeps.all() as SweepRow[]) {
      const awaited = awaitedOf(sweep)
      const left = awaited.filter((seq) => matching.get({ ...filterParameters(filter), seq }) !== 1)
      if (left.length < awaited.length) move(sweep.id, sweep.after, left)
    }
  }

  return {
    beginSweep: (_at, verb, filter, by) => {
      const text = JSON.stringify(filter)
      statements.supersedeSweeps.run({ filter: text })
      giveUpAwaited(filter)
      const { lastInsertRowid } = statements.insertSweep.run({ verb, filter: text, by })
      return { id: Number(lastInsertRowid), verb, filter }
    },

    unfinishedSweeps: () => (statements.sweeps.all() as SweepRow[]).map(sweepOf),

    stepSweep: (at, id, limit) => {
      const sweep = statements.sweepById.get(id) as SweepRow | undefined
      if (sweep === undefined) return 'over'
      const rows = nextJobs(sweep, limit)
      const awaited = [...awaitedOf(sweep)]
      for (const row of rows) {
        if (row.matches === 0) continue
        if (row.state === 'completing') awaited.push(row.seq)
        else steer(row, sweep, at)
      }
      const last = rows.at(-1)
      if (rows.length === limit && last !== undefined) {
        move(id, last.seq, awaited)
        return 'more'
      }
      const left = lookAgain(sweep, awaited, at)
      if (left.length > 0) {
        move(id, sweep.last, left)
        return 'again'
      }
      statements.endSweep.run(id)
      return 'over'
    },
  } satisfies Partial<Operations>
}
