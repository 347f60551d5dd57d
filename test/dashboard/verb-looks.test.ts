import { describe, expect, it } from 'vitest'
import { batchStates } from '../../src/core/batch.js'
import { jobStates } from '../../src/core/job.js'
import { verbsOfAll, verbsOfBatch, verbsOfJob } from '../../src/dashboard/state/verb-looks.js'

const none = { queued: 0, running: 0, completing: 0, paused: 0, failed: 0, cancelling: 0, completed: 0, cancelled: 0 }

describe('the verbs that the dashboard shows', () => {
  it('are those that a job has a use for, and what loses something stands last', () => {
    expect(Object.fromEntries(jobStates.map((state) => [state, verbsOfJob(state)]))).toEqual({
      queued: ['pause', 'cancel'],
      running: ['pause', 'cancel'],
      completing: [],
      paused: ['resume', 'cancel'],
      failed: ['retry', 'cancel'],
      cancelling: [],
      completed: [],
      cancelled: [],
    })
  })

  it('are those that a batch has a use for', () => {
    expect(Object.fromEntries(batchStates.map((state) => [state, verbsOfBatch(state)]))).toEqual({
      scanning: ['pause', 'cancel'],
      running: ['pause', 'cancel'],
      paused: ['resume', 'cancel'],
      cancelling: [],
      completed: [],
      failed: ['retry'],
      cancelled: [],
    })
  })

  it('are offered for everything while any job has a use for them, when they lose nothing', () => {
    expect(verbsOfAll(none)).toEqual([])
    expect(verbsOfAll({ ...none, running: 1 })).toEqual(['pause'])
    expect(verbsOfAll({ ...none, queued: 2, paused: 1 })).toEqual(['pause', 'resume'])
    expect(verbsOfAll({ ...none, failed: 3, completed: 1 })).toEqual([])
  })
})
