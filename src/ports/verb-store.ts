import type { VerbStanding } from '../core/bulk-course.js'
import type { BulkVerb, NewBulkVerb } from '../core/bulk-verb.js'
import type { FingerprintNow, Job } from '../core/job.js'
import type { Page, PageRequest } from './page.js'

/**
 * This is what a look at the source of one job gave. It is null when the source cannot be read, and `due` when this node
 * does not see it, so that the look is left to the run that claims the job.
 */
export interface SourceLook {
  readonly jobId: string
  readonly fingerprint: FingerprintNow | null
}

/** This is a verb that is not over. */
export interface UnfinishedVerb extends BulkVerb {
  readonly standing: VerbStanding
}

/**
 * Stores bulk verbs. A verb that was begun is finished, after a crash too. It meets each job once, and what is asked of
 * a job after the verb was given stands. A batch is not over before its verbs are.
 */
export interface VerbStore {
  /**
   * Begins a verb, and applies it at once to the jobs that are being worked on. It takes the place of earlier verbs as
   * `takesPlaceOf` says.
   */
  beginVerb(request: NewBulkVerb): Promise<BulkVerb>
  getVerb(id: number): Promise<BulkVerb | null>
  /** Returns the newest verbs first. */
  listVerbs(page: PageRequest): Promise<Page<BulkVerb>>
  /** Returns the oldest verbs first. */
  unfinishedVerbs(): Promise<readonly UnfinishedVerb[]>
  /** Returns the jobs that the next step of at most `limit` jobs meets. */
  jobsOfVerb(id: number, limit: number): Promise<readonly Job[]>
  /**
   * Applies the verb to up to `limit` jobs. A verb that needs the sources meets only the jobs whose source was looked
   * at. `again` says that there is nothing to do now and that the caller has to look after a while, because jobs whose
   * Complete was under way may come back to the queue, or because the batch is paused. `over` says that nothing is
   * left, or that there is no such verb.
   */
  stepVerb(id: number, limit: number, sources?: readonly SourceLook[]): Promise<'more' | 'again' | 'over'>
}
