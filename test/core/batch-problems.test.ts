import { describe, expect, it } from 'vitest'
import { meetFile } from '../../src/core/batch-problems.js'

const file = { path: '/srv/in/a', key: 'in/a' }

describe('a file that a walk meets', () => {
  it('is accepted when its key is free', () => {
    expect(meetFile(file, null, null)).toBe('accepted')
  })

  it('is known when the batch has it already, whoever else writes the object', () => {
    expect(meetFile(file, '/srv/in/a', 'job-9')).toBe('known')
  })

  it('is a problem when another file of the batch goes to its key', () => {
    expect(meetFile(file, '/srv/in/A', null)).toMatchObject({ path: '/srv/in/a', code: 'key_taken', jobId: null })
  })

  it('is a problem when a job outside the batch writes the object', () => {
    expect(meetFile(file, null, 'job-9')).toMatchObject({ path: '/srv/in/a', code: 'target_busy', jobId: 'job-9' })
  })
})
