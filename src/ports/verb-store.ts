import type { BulkVerb, NewBulkVerb } from '../core/bulk-verb.js'
import type { Fingerprint, Job } from '../core/job.js'
import type { Page, PageRequest } from './page.js'

/** The source of one job as it is now; null when it cannot be read. */
export interface SourceLook {
  readonly jobId: string
  readonly fingerprint: Fingerprint | null
}

/**
 * Verbs for many jobs at once. What is begun is finished, after a crash too. Each job is met once, and what is asked of it
 * after the verb was given stands. A batch is not over before its verbs are.
 */
export interface VerbStore {
  /** Tells the jobs at work at once. Takes the place of earlier verbs as `takesPlaceOf` says. */
  beginVerb(request: NewBulkVerb): Promise<BulkVerb>
  getVerb(id: number): Promise<BulkVerb | null>
  /** Newest first. */
  listVerbs(page: PageRequest): Promise<Page<BulkVerb>>
  /** Oldest first. */
  unfinishedVerbs(): Promise<readonly BulkVerb[]>
  /** The jobs that the next step of at most `limit` jobs meets. */
  jobsOfVerb(id: number, limit: number): Promise<readonly Job[]>
  /**
   * Tells up to `limit` jobs. A verb that needs the sources meets those jobs alone whose source was looked at. `again`: there
   * is nothing to do now; look after a while, because jobs whose Complete was under way may come back to the queue, or because
   * the batch is paused. `over`: nothing is left, or there is no such verb.
   */
  stepVerb(id: number, limit: number, sources?: readonly SourceLook[]): Promise<'more' | 'again' | 'over'>
}
