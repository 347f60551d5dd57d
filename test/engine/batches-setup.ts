import { randomBytes } from 'node:crypto'
import type { BatchView } from '../../src/core/batch-view.js'
import { anybody } from '../../src/core/caller.js'
import type { BatchRequest } from '../../src/engine/use-cases/batches.js'
import { setupEngine } from './engine-setup.js'

/** Sets up the engine with batches. `names` are small files below /src/dir. */
export const setupBatches = (
  names: readonly string[],
  options: Omit<NonNullable<Parameters<typeof setupEngine>[0]>, 'keys' | 'allowedTargets'> = {},
) => {
  /** While this is false there are no keys, so nothing is claimed and what batches make stays queued. */
  let claiming = true
  const engine = setupEngine({
    ...options,
    keys: { areAtHand: () => claiming },
    allowedTargets: [
      { bucket: 'bucket', prefix: '' },
      { bucket: 'narrow', prefix: 'in/' },
    ],
  })
  const { files, clock, batches, walker } = engine
  const write = (name: string, bytes = 10) => files.write(`/src/dir/${name}`, randomBytes(bytes))
  for (const name of names) write(name)
  const submit = async (changes: Partial<BatchRequest> = {}): Promise<string> => {
    const request = { source: { dir: '/src/dir' }, target: { bucket: 'bucket', prefix: 'out' }, ...changes }
    return (await batches.submit(request, null, anybody)).batch.id
  }
  const until = async (id: string, condition: (batch: BatchView) => boolean): Promise<BatchView> => {
    for (;;) {
      const batch = await batches.get(id)
      if (condition(batch)) return batch
      await clock.sleep(10)
    }
  }
  return {
    ...engine,
    write,
    walker,
    submit,
    until,
    settled: (id: string) => until(id, ({ finishedAt }) => finishedAt !== null),
    /** Starts the agent: batches make their jobs, which stay queued until `startEngine`. */
    startAgent() {
      claiming = false
      engine.start()
    },
    startEngine() {
      claiming = true
    },
    stopAgent: () => engine.stop(0),
    /** Starts the agent again as after a crash: whatever it was doing is forgotten. */
    async restartAgent() {
      await engine.stop(0)
      engine.start()
    },
  }
}
