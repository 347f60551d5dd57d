import { expect, it } from 'vitest'
import type { Receipt } from '../../src/core/job.js'
import { type SourceTools, withSourceDeleted } from '../../src/engine/upload/delete-source.js'
import type { Run } from '../../src/engine/upload/run.js'
import { RunStopped } from '../../src/engine/upload/run-control.js'
import type { OpenSource } from '../../src/ports/source.js'
import { fingerprint, jobRequest } from '../contract/store-setup.js'

it('a deadline that comes while the source is looked at leaves a proven object and its receipt', async () => {
  const request = jobRequest('job')
  const receipt = { crc64: '1', size: 300 } as Receipt
  const job = { ...request, options: { ...request.options, deleteSource: true } }
  const run = { job, control: { hard: new AbortController().signal } } as unknown as Run
  const source: Partial<OpenSource> = {
    fingerprint: async () => fingerprint({ ctimeNs: '1' }),
    crc64: () => Promise.reject(new RunStopped('deadline')),
  }
  const end = { to: 'completed', outcome: 'uploaded', receipt } as const
  expect(await withSourceDeleted(run, {} as SourceTools, end, source as OpenSource)).toEqual({
    ...end,
    removal: { state: 'kept', note: expect.stringContaining('deadline') },
  })
})
