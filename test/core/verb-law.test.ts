import { describe, expect, it } from 'vitest'
import { type Batch, batchStateOf, createBatch } from '../../src/core/batch.js'
import { type Job, jobStates } from '../../src/core/job.js'
import { verbs } from '../../src/core/verb.js'
import { controlBatchStep, controlStep, lawOf } from '../../src/core/verb-law.js'
import { jobError, jobWith } from './job-fixture.js'

const at = 7_000

const fresh = createBatch(
  {
    id: 'b-1',
    source: { kind: 'files' },
    place: null,
    target: { bucket: 'a', prefix: '', endpoint: 'https://oss.example', region: 'cn-hangzhou' },
    template: { options: jobWith().options, priority: 0, labels: {}, dueAt: null },
    dryRun: false,
    by: null,
  },
  1_000,
)
const failedOnes = { ...fresh.counts, failed: 2 }
const batches: readonly Batch[] = [
  fresh,
  { ...fresh, walk: 'done', counts: { ...fresh.counts, running: 1 } },
  { ...fresh, desired: 'pause' },
  { ...fresh, desired: 'cancel', counts: { ...fresh.counts, cancelling: 1 } },
  { ...fresh, walk: 'done', finishedAt: at, counts: { ...fresh.counts, completed: 1 } },
  { ...fresh, walk: 'done', finishedAt: at, counts: failedOnes },
  { ...fresh, walk: 'stopped', desired: 'cancel', finishedAt: at },
]

const jobIn = (state: Job['state']): Job => jobWith(state === 'failed' ? { state, error: jobError } : { state })

describe.each(verbs)('%s', (verb) => {
  it('changes a job in each state that it reaches, and in no other', () => {
    const changed = jobStates.filter((state) => {
      const step = controlStep(jobIn(state), { verb }, at)
      return step !== 'invalid_state' && step.event !== null
    })
    expect(changed).toEqual(jobStates.filter((state) => lawOf(verb).reaches.includes(state)))
  })

  it('is taken by a batch in each state in which it is offered', () => {
    const shown = batches.filter((batch) => lawOf(verb).batches.includes(batchStateOf(batch)))
    expect(shown.length).toBe(lawOf(verb).batches.length)
    for (const batch of shown) {
      const step = controlBatchStep(batch, verb)
      expect(step).not.toBe('invalid_state')
      expect(step).not.toBe(batch)
    }
  })

  it('needs the source when it brings a job back, because the job has to be planned from it', () => {
    if (lawOf(verb).bringsBack) expect(lawOf(verb).needsSource).toBe(true)
  })
})

it('the batches of these tests are in every state', () => {
  expect(new Set(batches.map(batchStateOf)).size).toBe(batches.length)
})
