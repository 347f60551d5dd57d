import type { Store } from './store.js'
import type { WakeupTopic } from './wakeup.js'

/** What can be asked of a store: everything but closing it. */
export type StoreOperation = Exclude<keyof Store, 'close'>

interface StoreOperationRow {
  /** A read changes nothing, so that it needs no write lock and is answered while the medium takes no writes. */
  readonly access: 'read' | 'write'
  /** Whom the operation concerns once it is durable. Those who follow the event log and the outbox are told of what was appended. */
  readonly wakes: readonly WakeupTopic[]
}

const read: StoreOperationRow = { access: 'read', wakes: [] }
const write: StoreOperationRow = { access: 'write', wakes: [] }
const handsOverWork: StoreOperationRow = { access: 'write', wakes: ['jobs'] }
const changesDesires: StoreOperationRow = { access: 'write', wakes: ['jobs', 'desires'] }

/** The one list of the operations. Adapters and fakes make their methods, their reads and their hints from it. */
export const storeOperations: Readonly<Record<StoreOperation, StoreOperationRow>> = {
  submit: handsOverWork,
  findByIdempotencyKey: read,
  claim: write,
  heartbeat: write,
  release: handsOverWork,
  finishPuts: write,

  noteFingerprint: write,
  takeLeftovers: write,
  beginUpload: write,
  noteUnansweredInitiate: write,
  setUploadId: write,
  setIntent: write,
  commitParts: write,
  chargeAttempts: write,
  forgetUpload: write,
  beginCompleting: write,
  beginRemoval: write,
  finish: write,

  control: changesDesires,
  change: changesDesires,
  remove: write,
  get: read,
  list: read,
  countJobs: read,
  parts: read,

  lastEventId: read,
  eventsAfter: read,

  buckets: read,
  traceUploads: read,
  abandonUploads: write,
  abandonedUploads: read,
  forgetAbandoned: write,
  forgetInitiates: write,

  submitBatch: write,
  findBatchByIdempotencyKey: read,
  getBatch: read,
  listBatches: read,
  unfinishedBatches: read,
  batchFiles: read,
  extendBatch: handsOverWork,
  endWalk: write,
  controlBatch: changesDesires,
  batchProblems: read,
  removeBatch: write,
  deletedJobs: read,
  plannedFiles: read,

  beginVerb: changesDesires,
  getVerb: read,
  listVerbs: read,
  unfinishedVerbs: read,
  jobsOfVerb: read,
  stepVerb: changesDesires,

  takeWebhooks: write,
  noteWebhook: write,
  releaseWebhooks: { access: 'write', wakes: ['webhooks'] },
  expireWebhooks: write,
  webhooks: read,
  redeliverWebhook: { access: 'write', wakes: ['webhooks'] },

  beat: read,
  takeChore: write,
  keepChore: write,
  leaveChore: write,

  storedSettings: read,
  storeSettings: write,

  prune: write,
  stats: read,
  // The probe writes, because a full disk still reads well.
  check: write,
}
