import { AppError } from '../../core/app-error.js'
import type { BulkVerb } from '../../core/bulk-verb.js'
import type { Caller } from '../../core/caller.js'
import { type JobFilter, wholeBatch } from '../../core/job-filter.js'
import type { Verb } from '../../core/verb.js'
import { lawOf } from '../../core/verb-law.js'
import { type BulkVerbView, bulkVerbNumber, viewBulkVerb } from '../../core/verb-view.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Logger } from '../../ports/logger.js'
import type { Page, PageRequest } from '../../ports/page.js'
import type { VerbStore } from '../../ports/verb-store.js'
import { mayMatch } from './waits.js'

/** These are the use cases around bulk verbs, which are for everything that matches a filter. */
export interface Verbs {
  /**
   * Begins a verb, which is durable when the promise resolves and then goes from job to job. Batches that may still
   * make jobs that match are told too. Throws AppError `forbidden` for callers who are bound to a part of the jobs.
   */
  begin(verb: Verb, filter: JobFilter, caller: Caller): Promise<BulkVerbView>
  /** Throws AppError `verb_not_found`. */
  get(id: string): Promise<BulkVerbView>
  /** Returns the newest verbs first. */
  list(page: PageRequest): Promise<Page<BulkVerbView>>
}

interface Deps {
  readonly store: VerbStore & Pick<JobStore, 'countJobs'> & Pick<BatchStore, 'unfinishedBatches' | 'controlBatch'>
  readonly logger: Logger
  /** This is called when a verb was begun. Batches may have been told too. */
  onVerb(verb: BulkVerb): void
}

export const createVerbs = ({ store, logger, onVerb }: Deps): Verbs => {
  const countJobs = async (verb: Verb, filter: JobFilter): Promise<number> => {
    const states = lawOf(verb).reaches.filter((state) => filter.states?.includes(state) ?? true)
    if (states.length === 0) return 0
    let jobs = 0
    for (let cursor: string | null = null; ; ) {
      const page = await store.countJobs({ ...filter, states }, cursor)
      jobs += page.pending + page.failed
      cursor = page.nextCursor
      if (cursor === null) return jobs
    }
  }

  const tellBatches = async (verb: Verb, filter: JobFilter, by: string | null): Promise<readonly BulkVerb[]> => {
    // A filter that only some jobs of a batch match says nothing that the batch could be told.
    if (!lawOf(verb).tellsBatches || filter.source !== undefined || filter.states !== undefined) return []
    const begun: BulkVerb[] = []
    for (const batch of await store.unfinishedBatches()) {
      const result = mayMatch(batch, filter) ? await store.controlBatch(batch.id, verb, by) : null
      if (result?.kind === 'ok' && result.verb !== null) begun.push(result.verb)
    }
    return begun
  }

  /** Begins the verb of a batch when the filter is for one batch alone, because such a verb is the batch's own. */
  const beginForBatch = async (batchId: string | null, verb: Verb, by: string | null): Promise<BulkVerb | null> => {
    const result = batchId === null ? null : await store.controlBatch(batchId, verb, by)
    return result?.kind === 'ok' ? result.verb : null
  }

  const beginForMany = async (verb: Verb, filter: JobFilter, by: string | null): Promise<BulkVerb> => {
    const jobs = await countJobs(verb, filter)
    // The batches are told before the verb for all is begun, so that it meets the jobs that they make meanwhile.
    const told = await tellBatches(verb, filter, by)
    for (const one of told) onVerb(one)
    return store.beginVerb({ verb, filter, by, jobs, batches: told.length })
  }

  return {
    async begin(verb, filter, caller) {
      if (caller.roots !== null || caller.targets !== null) {
        throw new AppError('forbidden', `This token is bound to roots or targets: ${verb} jobs or batches one by one`)
      }
      const own = await beginForBatch(wholeBatch(filter), verb, caller.name)
      const begun = own ?? (await beginForMany(verb, filter, caller.name))
      const { jobs, batches } = begun
      logger.info({ by: caller.name, verb, filter, jobs, batches }, 'A verb for many jobs begins')
      onVerb(begun)
      return viewBulkVerb(begun)
    },

    async get(id) {
      const number = bulkVerbNumber(id)
      const found = number === null ? null : await store.getVerb(number)
      if (found !== null) return viewBulkVerb(found)
      throw new AppError(
        'verb_not_found',
        `There is no verb ${JSON.stringify(id)}: it was never given, or was forgotten`,
      )
    },

    async list(page) {
      const found = await store.listVerbs(page)
      return { items: found.items.map(viewBulkVerb), nextCursor: found.nextCursor }
    },
  }
}
