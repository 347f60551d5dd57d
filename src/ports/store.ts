import type { BatchStore } from './batch-store.js'
import type { ChoreStore } from './chore-store.js'
import type { EventStore } from './event-store.js'
import type { JobStore } from './job-store.js'
import type { NodeStore } from './node-store.js'
import type { OrphanStore } from './orphan-store.js'
import type { SettingsStore } from './settings-store.js'
import type { StoreUpkeep } from './upkeep-store.js'
import type { VerbStore } from './verb-store.js'
import type { WebhookStore } from './webhooks.js'

/** Everything that is durable, behind one port: an adapter keeps all of it in one database, so that one transaction can span it. */
export type Store = JobStore &
  EventStore &
  OrphanStore &
  BatchStore &
  WebhookStore &
  SettingsStore &
  VerbStore &
  NodeStore &
  ChoreStore &
  StoreUpkeep
