import type SqliteDatabase from 'better-sqlite3'
import type { JobState } from '../../core/job.js'
import { pauseJob, resumeJob } from '../../core/job-steps.js'
import type { JobFilter } from '../../ports/store.js'
import type { Sweep, SweepStore, SweepVerb } from '../../ports/sweep-store.js'
import { filterParameters, matches } from './job-filter.js'
import type { Ledger } from './ledger.js'
import type { Operations } from './protocol.js'
import { type JobRow, jobOf } from './rows.js'

interface SweepRow {
  readonly id: number
  readonly verb: SweepVerb
  readonly filter: string
  readonly last: number
  readonly actor: string | null
  readonly phase: number
  readonly after: number
  readonly found: 0 | 1
}

/** What is at work first, so that it stops first. A job that is completing is waited for: it may come back to the queue. */
const phases: Readonly<Record<SweepVerb, readonly JobState[]>> = {
  pause: ['running', 'queued', 'completing'],
  resume: ['running', 'paused'],
}

export const sweepSql = `
  SELECT *, ${matches} FROM jobs INDEXED BY jobs_state
  WHERE state = :state AND seq > :after AND seq <= :last
  ORDER BY seq LIMIT :limit`

const sweepOf = ({ id, verb, filter }: SweepRow): Sweep => ({ id, verb, filter: JSON.parse(filter) as JobFilter })

export const createSweepOperations = ({ database, statements, save }: Ledger): Operations<keyof SweepStore> => {
  let prepared: SqliteDatabase.Statement | null = null

  const jobsOf = (sweep: SweepRow, state: JobState, limit: number) => {
    prepared ??= database.prepare(sweepSql)
    const { after, last } = sweep
    const wanted = { ...filterParameters(JSON.parse(sweep.filter) as JobFilter), state, after, last, limit }
    return prepared.all(wanted) as (JobRow & { readonly matches: 0 | 1 })[]
  }

  /** Whether the job is not, or may not stay, as the verb wants it. */
  const steer = (row: JobRow, { verb, actor }: SweepRow, at: number): boolean => {
    if (row.state === 'completing') return true
    const job = jobOf(row)
    const step = verb === 'pause' ? pauseJob(job) : resumeJob(job, row.not_before, at)
    if (step === 'invalid_state' || step.event === null) return false
    save(row, { ...step, by: actor }, at)
    return true
  }

  return {
    beginSweep: (_at, verb, filter, by) => {
      const text = JSON.stringify(filter)
      statements.supersedeSweeps.run({ filter: text })
      const { lastInsertRowid } = statements.insertSweep.run({ verb, filter: text, by })
      return { id: Number(lastInsertRowid), verb, filter }
    },

    unfinishedSweeps: () => (statements.sweeps.all() as SweepRow[]).map(sweepOf),

    stepSweep: (at, id, limit) => {
      const sweep = statements.sweepById.get(id) as SweepRow | undefined
      if (sweep === undefined) return 'over'
      const state = phases[sweep.verb][sweep.phase]
      const rows = state === undefined ? [] : jobsOf(sweep, state, limit)
      const steered = rows.filter((row) => row.matches === 1 && steer(row, sweep, at)).length
      const found = sweep.found === 1 || steered > 0 ? 1 : 0
      const last = rows.at(-1)
      const moveOn = (phase: number, after: number, carried: 0 | 1): void =>
        void statements.moveSweep.run({ id, phase, after, found: carried })
      if (rows.length === limit && last !== undefined) {
        moveOn(sweep.phase, last.seq, found)
        return 'more'
      }
      if (sweep.phase + 1 < phases[sweep.verb].length) {
        moveOn(sweep.phase + 1, 0, found)
        return 'more'
      }
      if (found === 1) {
        moveOn(0, 0, 0)
        return 'again'
      }
      statements.endSweep.run(id)
      return 'over'
    },
  }
}
