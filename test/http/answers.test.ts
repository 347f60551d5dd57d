import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { PlannedFile } from '../../src/core/batch.js'
import type { BatchAnswer } from '../../src/core/batch-view.js'
import type { StoredEvent } from '../../src/core/event.js'
import type { OptionsView } from '../../src/core/job-options.js'
import { answerJob, type JobAnswer, type JobView } from '../../src/core/job-view.js'
import type { PartView } from '../../src/core/part-view.js'
import type { WebhookView } from '../../src/core/webhook.js'
import type { OrphanView } from '../../src/engine/use-cases/orphan-view.js'
import type { AbortAnswer } from '../../src/engine/use-cases/orphans.js'
import type { StatsView } from '../../src/engine/use-cases/overview.js'
import type { Problem } from '../../src/http/server/problem.js'
import type { batchSchema, plannedFileSchema } from '../../src/http/shapes/batches/answer.js'
import type { eventSchema } from '../../src/http/shapes/events.js'
import { jobSchema, type partSchema } from '../../src/http/shapes/jobs/answer.js'
import type { abortAnswersSchema, orphanSchema } from '../../src/http/shapes/orphans.js'
import type { problemSchema } from '../../src/http/shapes/problems.js'
import type { statsSchema } from '../../src/http/shapes/stats.js'
import type { webhookSchema } from '../../src/http/shapes/webhooks.js'
import { storedJob } from './harness.js'

/** This is true when each type may stand for the other and neither has a member more. */
type Alike<A, B> = [A, B] extends [B, A] ? ([keyof A, keyof B] extends [keyof B, keyof A] ? true : false) : false

type Job = z.infer<typeof jobSchema>
type Event = z.infer<typeof eventSchema>
type Refusal = z.infer<typeof problemSchema>

describe('The schemas of the answers', () => {
  it('are the types of the views, says the compiler', () => {
    const alike: readonly true[] = [
      true satisfies Alike<Job, JobAnswer>,
      true satisfies Alike<Job['options'], OptionsView>,
      true satisfies Alike<NonNullable<Event['job']>, JobView>,
      true satisfies Alike<Job['source'], JobView['source']>,
      true satisfies Alike<Job['target'], JobView['target']>,
      true satisfies Alike<Job['upload'], JobView['upload']>,
      true satisfies Alike<Job['progress'], JobView['progress']>,
      true satisfies Alike<NonNullable<Job['receipt']>, NonNullable<JobView['receipt']>>,
      true satisfies Alike<NonNullable<Job['error']>, NonNullable<JobView['error']>>,
      true satisfies Alike<z.infer<typeof partSchema>, PartView>,
      true satisfies Alike<
        Omit<Event, 'by' | 'job' | 'part' | 'batch'>,
        Omit<StoredEvent, 'by' | 'job' | 'part' | 'batch'>
      >,
      true satisfies Alike<Omit<z.infer<typeof batchSchema>, 'source'>, Omit<BatchAnswer, 'source'>>,
      true satisfies Alike<z.infer<typeof plannedFileSchema>, PlannedFile>,
      true satisfies Alike<keyof Event, keyof StoredEvent>,
      true satisfies Alike<z.infer<typeof statsSchema>, StatsView>,
      true satisfies Alike<z.infer<typeof orphanSchema>, OrphanView>,
      true satisfies Alike<z.infer<typeof webhookSchema>, WebhookView>,
      true satisfies Alike<z.infer<typeof abortAnswersSchema>['items'][number], AbortAnswer>,
      true satisfies Alike<Omit<Refusal, 'errors' | 'jobId'>, Omit<Problem, 'errors' | 'jobId'>>,
      true satisfies Alike<keyof Refusal, keyof Problem>,
    ]
    expect(alike).not.toContain(false)
  })

  it('take a job with everything, and nothing more', () => {
    const job = answerJob(
      storedJob({
        state: 'completed',
        outcome: 'uploaded',
        upload: { mode: 'multipart', uploadId: 'u', partSize: 1, partCount: 2 },
        receipt: {
          size: 10,
          crc64: '1',
          serverCrc64: null,
          proof: 'parts',
          etag: 'E',
          versionId: null,
          requestId: 'r',
          completedAt: 0,
        },
        error: { code: 'integrity', message: 'm', ossCode: null, requestId: null },
        startedAt: 0,
        finishedAt: 1,
        labels: { a: 'b' },
      }),
    )
    expect(jobSchema.strict().parse(job)).toEqual(job)
    expect(jobSchema.strict().safeParse({ ...job, marker: 'x' }).success).toBe(false)
  })
})
