import { isSettled } from '../../core/job.js'
import type { Meter } from '../../ports/meter.js'
import type { Store } from '../../ports/store.js'

const completedPut = { state: 'completed', outcome: 'uploaded', error: null } as const

/** Returns the store, watched for how jobs settle. */
export const meterStore = (store: Store, meters: readonly Pick<Meter, 'settled'>[]): Store => ({
  ...store,
  async finish(...args) {
    const job = await store.finish(...args)
    if (typeof job === 'object' && isSettled(job.state)) for (const meter of meters) meter.settled(job)
    return job
  },
  async finishPuts(results) {
    const answers = await store.finishPuts(results)
    for (const answer of answers) if (answer === 'done') for (const meter of meters) meter.settled(completedPut)
    return answers
  },
})
