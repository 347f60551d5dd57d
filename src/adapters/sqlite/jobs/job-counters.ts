import { type BatchCounts, noCounts } from '../../../core/batch.js'
import type { JobState, Waiting } from '../../../core/job.js'
import { type Counted, countsAfter, pendingBytesOf } from '../../../core/job-changes.js'
import { countColumnsOf } from '../sql/batch-rows.js'
import type { Query } from '../sql/query.js'
import { type Statements, sql } from '../sql/statements.js'

type CounterStatements = Pick<Statements, 'countInState' | 'countWaiting' | 'countInBatch' | 'queuedJobs'>

/**
 * These are the counters of jobs and their bytes: by state, by what jobs wait for, and by batch. What one transaction
 * changes is gathered and written once, because a row of a counter is touched by every step of every job.
 */
export interface JobCounters {
  /** Counts a step. `before` is null when the step makes the job. */
  count(batchId: string | null, before: Counted | null, after: Counted): void
  /** Counts that a settled job is deleted. Its batch goes on counting it. */
  countGone(state: JobState): void
  /** Counts that a job waits no longer, although it stays in its state. `bytes` are those that it has to send. */
  countReady(waiting: Waiting, bytes: number): void
  /** Returns how many jobs are queued now. */
  queued(): number
  /** Writes what was gathered. Whoever commits or reads a counter calls it first. */
  write(): void
  /** Forgets what was gathered, because what it counted was rolled back. */
  forget(): void
}

interface Difference {
  jobs: number
  bytes: number
}

const add = <K>(to: Map<K, Difference>, key: K, jobs: number, bytes: number): void => {
  const difference = to.get(key)
  if (difference === undefined) {
    to.set(key, { jobs, bytes })
    return
  }
  difference.jobs += jobs
  difference.bytes += bytes
}

export const createJobCounters = (statements: CounterStatements): JobCounters => {
  const states = new Map<JobState, Difference>()
  const waits = new Map<Waiting, Difference>()
  const batches = new Map<string, BatchCounts>()

  const forget = (): void => {
    states.clear()
    waits.clear()
    batches.clear()
  }

  return {
    count(batchId, before, after) {
      if (before !== null) {
        add(states, before.state, -1, -pendingBytesOf(before))
        if (before.waiting !== null) add(waits, before.waiting, -1, -pendingBytesOf(before))
      }
      add(states, after.state, 1, pendingBytesOf(after))
      if (after.waiting !== null) add(waits, after.waiting, 1, pendingBytesOf(after))
      if (batchId !== null) batches.set(batchId, countsAfter(batches.get(batchId) ?? noCounts, before, after))
    },
    countGone: (state) => add(states, state, -1, 0),
    countReady: (waiting, bytes) => add(waits, waiting, -1, -bytes),
    queued: () => (statements.queuedJobs.get() as { jobs: number }).jobs + (states.get('queued')?.jobs ?? 0),
    write() {
      for (const [state, { jobs, bytes }] of states) {
        if (jobs !== 0 || bytes !== 0) statements.countInState.run({ state, jobs, bytes })
      }
      for (const [waiting, { jobs, bytes }] of waits) {
        if (jobs !== 0 || bytes !== 0) statements.countWaiting.run({ waiting, jobs, bytes })
      }
      for (const [batch_id, counts] of batches) statements.countInBatch.run({ batch_id, ...countColumnsOf(counts) })
      forget()
    },
    forget,
  }
}

/** The counters of webhooks are not among these, because triggers keep them. */
const usesCounter = /\b(job|wait|batch)_counts\b/

/** Returns the same statements. Those that touch a counter write first what was gathered of it. */
export const withCounters = (statements: Statements, { write }: Pick<JobCounters, 'write'>): Statements => {
  const first = ({ run, get, all }: Query): Query => ({
    run: (...params) => {
      write()
      return run(...params)
    },
    get: (...params) => {
      write()
      return get(...params)
    },
    all: (...params) => {
      write()
      return all(...params)
    },
  })
  const names = Object.keys(sql) as (keyof typeof sql)[]
  return Object.fromEntries(
    names.map((name) => [name, usesCounter.test(sql[name]) ? first(statements[name]) : statements[name]]),
  ) as Statements
}
