import { createBulkSteps } from '../jobs/bulk-verbs.js'
import { createCountOperations } from '../jobs/count-jobs.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { createListOperations } from '../jobs/list-jobs.js'
import type { Operations } from '../thread/protocol.js'
import { createBatchOperations } from './batch-operations.js'
import { createChoreOperations } from './chore-operations.js'
import { createControlOperations } from './control-operations.js'
import { createForgetOperations } from './forget-operations.js'
import { createNodeOperations } from './node-operations.js'
import { createOrphanOperations } from './orphan-operations.js'
import { createPruneOperations } from './prune-operations.js'
import { createQueueOperations } from './queue-operations.js'
import { createReadOperations } from './read-operations.js'
import { createSettingsOperations } from './settings-operations.js'
import { createStatsOperations } from './stats-operations.js'
import { createUploadOperations } from './upload-operations.js'
import { createVerbOperations } from './verb-operations.js'
import { createWebhookOperations } from './webhook-operations.js'

/** Creates the whole port over one open database. Every operation runs inside a transaction that the caller holds. */
export const createOperations = (writer: JobWriter): Operations => {
  const steps = createBulkSteps(writer)
  return {
    ...createQueueOperations(writer),
    ...createUploadOperations(writer),
    ...createControlOperations(writer, steps),
    ...createBatchOperations(writer, steps),
    ...createChoreOperations(writer),
    ...createForgetOperations(writer),
    ...createListOperations(writer),
    ...createNodeOperations(writer),
    ...createOrphanOperations(writer),
    ...createPruneOperations(writer),
    ...createReadOperations(writer),
    ...createStatsOperations(writer),
    ...createSettingsOperations(writer),
    ...createCountOperations(writer),
    ...createVerbOperations(writer, steps),
    ...createWebhookOperations(writer),
  }
}
