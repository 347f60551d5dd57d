import type { Job } from '../../src/core/job.js'
import { pauseJob, resumeJob, type Step } from '../../src/core/job-steps.js'
import type { Sweep, SweepStore } from '../../src/ports/sweep-store.js'
import type { MemoryOperations } from './memory-operations.js'
import { matches } from './memory-steps.js'

interface Row {
  readonly seq: number
  readonly notBefore: number | null
  job: Job
}

interface Deps {
  rows(): readonly Row[]
  save(row: Row, step: Step): Job
  now(): number
}

/** The sweeps of the store port. One step meets every job here. */
export const createMemorySweeps = ({ rows, save, now }: Deps): Pick<MemoryOperations, keyof SweepStore> => {
  let sweeps: (Sweep & { readonly last: number; readonly by: string | null; awaited: readonly Row[] | null })[] = []
  let lastId = 0
  return {
    beginSweep: (verb, filter, by) => {
      const text = JSON.stringify(filter)
      sweeps = sweeps.filter((sweep) => text !== '{}' && JSON.stringify(sweep.filter) !== text)
      const sweep = { id: ++lastId, verb, filter }
      for (const older of sweeps) older.awaited = older.awaited?.filter(({ job }) => !matches(job, filter)) ?? null
      sweeps.push({ ...sweep, last: rows().at(-1)?.seq ?? 0, by, awaited: null })
      return sweep
    },
    unfinishedSweeps: () => sweeps.map(({ id, verb, filter }) => ({ id, verb, filter })),
    stepSweep: (id) => {
      const sweep = sweeps.find((one) => one.id === id)
      if (sweep === undefined) return 'over'
      const meant = sweep.awaited ?? rows().filter((row) => row.seq <= sweep.last && matches(row.job, sweep.filter))
      sweep.awaited = sweep.verb === 'pause' ? meant.filter(({ job }) => job.state === 'completing') : []
      for (const row of meant) {
        const step = sweep.verb === 'pause' ? pauseJob(row.job) : resumeJob(row.job, row.notBefore, now())
        if (step !== 'invalid_state' && step.event !== null) save(row, { ...step, by: sweep.by })
      }
      if (sweep.awaited.length > 0) return 'again'
      sweeps = sweeps.filter((one) => one.id !== id)
      return 'over'
    },
  }
}
