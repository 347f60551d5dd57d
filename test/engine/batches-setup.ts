import { randomBytes } from 'node:crypto'
import type { BatchView } from '../../src/core/batch-view.js'
import { anybody } from '../../src/core/caller.js'
import { type BatchAgent, createBatchAgent } from '../../src/engine/bulk/batch-agent.js'
import { type BatchRequest, createBatches } from '../../src/engine/use-cases/batches.js'
import { createMemoryWalker } from '../fakes/memory-walker.js'
import { partSize, setupEngine } from './engine-setup.js'

/** The engine with batches; `names` are small files below /src/dir. */
export const setupBatches = (
  names: readonly string[],
  options: Parameters<typeof setupEngine>[0] & { maxQueued?: number } = {},
) => {
  const engine = setupEngine(options)
  const { store, files, clock, logger } = engine
  const write = (name: string, bytes = 10) => files.write(`/src/dir/${name}`, randomBytes(bytes))
  for (const name of names) write(name)
  const walker = createMemoryWalker(files)
  let made = 0
  const jobNames = {
    newId: () => `j${String(++made).padStart(6, '0')}`,
    newMarker: () => randomBytes(8).toString('hex'),
  }
  const newAgent = (): BatchAgent =>
    createBatchAgent({
      store,
      storage: { opens: async () => true },
      walker,
      sources: files,
      names: jobNames,
      clock,
      logger,
      maxQueued: options.maxQueued ?? null,
    })
  let agent = newAgent()
  const batches = createBatches({
    store,
    walker,
    progress: { batchBytesInFlight: () => 0 },
    newId: () => `b-${++made}`,
    logger,
    webhooks: null,
    defaults: {
      endpoint: 'http://oss',
      region: 'cn-hangzhou',
      partSize,
      multipartThreshold: partSize,
      parallel: 4,
      allowedTargets: [
        { bucket: 'bucket', prefix: '' },
        { bucket: 'narrow', prefix: 'in/' },
      ],
      marker: true,
      maxQueued: null,
    },
    onWork: () => agent.wake(),
  })
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
    batches,
    submit,
    until,
    settled: (id: string) => until(id, ({ finishedAt }) => finishedAt !== null),
    start() {
      engine.start()
      agent.start()
    },
    /** The other half of `start`. */
    startEngine: () => engine.start(),
    /** The agent alone: what it makes stays queued. */
    startAgent: () => agent.start(),
    stopAgent: () => agent.stop(),
    /** As after a crash: whatever the agent was doing is forgotten. */
    async restartAgent() {
      await agent.stop()
      agent = newAgent()
      agent.start()
    },
    async end() {
      await agent.stop()
      await engine.end()
    },
  }
}
