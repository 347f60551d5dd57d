import type { JobFilter } from './job-filter.js'

export const sweepVerbs = ['pause', 'resume'] as const
export type SweepVerb = (typeof sweepVerbs)[number]

/** A verb on its way to every job that matches and was there when it was given. */
export interface Sweep {
  readonly id: number
  readonly verb: SweepVerb
  readonly filter: JobFilter
}

/** Verbs for many jobs at once. What is begun is finished, after a crash too. */
export interface SweepStore {
  /** Takes the place of sweeps of the same filter that are not over; without a filter, of all. `by`: whose request it was. */
  beginSweep(verb: SweepVerb, filter: JobFilter, by: string | null): Promise<Sweep>
  /** Oldest first. */
  unfinishedSweeps(): Promise<readonly Sweep[]>
  /**
   * Tells up to `limit` jobs, each once: what is asked of it afterwards stands. `again`: all have been met, but some whose Complete was
   * under way may come back to the queue: look after a while. `over`: there is nothing left, or no such sweep.
   */
  stepSweep(id: number, limit: number): Promise<'more' | 'again' | 'over'>
}
