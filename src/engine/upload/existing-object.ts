import { Failure } from '../../core/failure.js'
import type { OpenSource } from '../../ports/source.js'
import { objectOf, type Run } from './run.js'

/**
 * What `ifExists` says before anything is sent. Returns 'skip' when the job is done without sending; throws Failure
 * `permanent` with `object_exists` for `fail`. An object with this job's own marker is ours from a lost answer and never
 * stands in its own way.
 */
export const checkExisting = async (run: Run, source: OpenSource): Promise<'skip' | 'send'> => {
  const { ifExists } = run.job.options
  if (ifExists === 'overwrite') return 'send'
  const found = await run.retrier.request({
    name: 'head',
    attempt: () => run.target.head(objectOf(run.job), run.control.hard),
  })
  if (found === null || (run.job.marker !== null && found.marker === run.job.marker)) return 'send'
  switch (ifExists) {
    case 'skip':
      return 'skip'
    case 'skipSame': {
      const { size } = run.job.source.fingerprint
      if (found.size !== size || found.serverCrc64 === null) return 'send'
      return (await source.crc64(0, size, run.control.hard)) === found.serverCrc64 ? 'skip' : 'send'
    }
    case 'fail':
      throw new Failure('permanent', 'An object of this name exists already', {
        code: 'object_exists',
        requestId: found.requestId,
      })
  }
}
