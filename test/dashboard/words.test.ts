import { describe, expect, it } from 'vitest'
import { batchProblemCodes, batchStates, createBatch } from '../../src/core/batch.js'
import { viewBatch } from '../../src/core/batch-view.js'
import { jobErrorCodes } from '../../src/core/failure.js'
import { jobStates, waitingReasons } from '../../src/core/job.js'
import {
  batchBadge,
  ifExistsWords,
  jobBadge,
  plainError,
  plainProblem,
  waitingSentence,
} from '../../src/dashboard/text/words.js'
import { batchRequest } from '../contract/store-batch-setup.js'

describe('the words of the page', () => {
  it('tell every state apart by its word, or by its outcome', () => {
    const words = jobStates.map((state) => jobBadge({ state, waiting: null, outcome: null }).word)
    expect(new Set(words).size).toBe(jobStates.length)
    expect(jobBadge({ state: 'completed', waiting: null, outcome: 'skipped' }).word).toBe('Skipped')
    const { totals } = viewBatch(createBatch(batchRequest('b'), 0), [])
    const some = { dryRun: false, totals: { ...totals, jobs: 1 } }
    expect(new Set(batchStates.map((state) => batchBadge({ state, ...some }).word)).size).toBe(batchStates.length)
    expect(batchBadge({ state: 'completed', ...some }).tone).toBe('good')
    expect(batchBadge({ state: 'completed', dryRun: false, totals })).toMatchObject({ word: 'No files', tone: 'calm' })
    expect(batchBadge({ state: 'completed', ...some, dryRun: true })).toMatchObject({ word: 'Dry run', tone: 'calm' })
  })

  it('say why a job waits, in its state and in a sentence', () => {
    const words = waitingReasons.map((waiting) => jobBadge({ state: 'queued', waiting, outcome: null }).word)
    expect(new Set([...words, 'Queued']).size).toBe(waitingReasons.length + 1)
    for (const waiting of waitingReasons) expect(waitingSentence(waiting)).toMatch(/^[A-Z].*\.$/)
  })

  it.each(jobErrorCodes)('say what %s means and what to do about it', (code) => {
    const { sentence, remedy } = plainError(code)
    expect(sentence).toMatch(/^[A-Z].*\.$/)
    expect(remedy).toMatch(/^[A-Z].*\.$/)
    expect(sentence).not.toBe(plainError('something newer').sentence)
  })

  it('name the choice of the form that replaces an object', () => {
    expect(plainError('object_exists').remedy).toContain(`“${ifExistsWords.overwrite}”`)
  })

  it('know what to say of codes that are newer than the page', () => {
    expect(plainError('something newer').remedy).toMatch(/retry/)
    expect(plainProblem('something_newer' as (typeof batchProblemCodes)[number], 'its message')).toBe('its message')
    for (const code of batchProblemCodes) expect(plainProblem(code, 'its message')).not.toBe('its message')
  })
})
