import { afterEach, describe } from 'vitest'
import { batchEndTests } from './store-batch-ends.js'
import { batchTests } from './store-batches.js'
import { changeTests } from './store-change.js'
import { choreTests } from './store-chores.js'
import { clockTests } from './store-clock.js'
import { controlTests } from './store-control.js'
import { countTests } from './store-counts.js'
import { fingerprintTests } from './store-fingerprints.js'
import { leftoverTests } from './store-leftovers.js'
import { nodeTests } from './store-nodes.js'
import { orphanTests } from './store-orphans.js'
import { pruningTests } from './store-pruning.js'
import { queueTests } from './store-queue.js'
import { readingTests } from './store-reading.js'
import { settingsTests } from './store-settings.js'
import { type OpenStore, type StoreSetup, setupStore } from './store-setup.js'
import { uploadTests } from './store-upload.js'
import { verbTests } from './store-verbs.js'
import { webhookLeaseTests } from './store-webhook-leases.js'
import { webhookTests } from './store-webhooks.js'

/** Describes the conformance suite of the store port. Every adapter and the fake pass it. */
export const describeStore = (name: string, open: OpenStore): void => {
  describe(`the store port on ${name}`, () => {
    const opened: { close(): Promise<void> }[] = []
    const setup = async (): Promise<StoreSetup> => {
      const made = await setupStore(open)
      opened.push(made)
      return made
    }
    afterEach(async () => {
      for (const made of opened.splice(0)) await made.close()
    })
    queueTests(setup)
    controlTests(setup)
    changeTests(setup)
    uploadTests(setup)
    fingerprintTests(setup)
    orphanTests(setup)
    nodeTests(setup)
    leftoverTests(setup)
    readingTests(setup)
    countTests(setup)
    pruningTests(setup)
    batchTests(setup)
    batchEndTests(setup)
    webhookTests(setup)
    webhookLeaseTests(setup)
    settingsTests(setup)
    verbTests(setup)
    choreTests(setup)
    clockTests(setup)
  })
}
