import { z } from 'zod'
import {
  batchPageSchema,
  batchProblemPageSchema,
  batchProblemSchema,
  batchSchema,
  eventBatchSchema,
  plannedFilePageSchema,
  plannedFileSchema,
} from '../shapes/batches/answer.js'
import { batchRequestSchema } from '../shapes/batches/request.js'
import {
  eventSchema,
  jobProgressSchema,
  streamDataSchema,
  streamReadySchema,
  streamResetSchema,
} from '../shapes/events.js'
import {
  eventJobSchema,
  jobPageSchema,
  jobSchema,
  partPageSchema,
  partSchema,
  progressSchema,
} from '../shapes/jobs/answer.js'
import { batchOptionsSchema, optionsSchema } from '../shapes/jobs/options.js'
import { jobChangesSchema, jobRequestSchema } from '../shapes/jobs/request.js'
import { nodesSchema } from '../shapes/nodes.js'
import { abortAnswersSchema, abortRequestSchema, orphanPageSchema, orphanSchema } from '../shapes/orphans.js'
import { problemSchema } from '../shapes/problems.js'
import { sessionRequestSchema, sessionSchema } from '../shapes/session.js'
import { settingsChangesSchema, settingsSchema } from '../shapes/settings.js'
import { historySchema, statsSchema } from '../shapes/stats.js'
import { probeProblemSchema, probeSchema, versionSchema } from '../shapes/system.js'
import { bulkVerbPageSchema, bulkVerbSchema } from '../shapes/verbs.js'
import { drainRequestSchema, waitSchema } from '../shapes/waits.js'
import { webhookMessageSchema, webhookPageSchema, webhookSchema } from '../shapes/webhooks.js'

/*
 * These schemas have names. Requests are kept apart from answers, because a zod schema may read differently on its way in
 * and on its way out; naming it once for each keeps the document free of doubles.
 */
type Names = z.core.$ZodRegistry<{ id: string }>
const register = (schemas: Readonly<Record<string, z.ZodType>>): Names => {
  const names: Names = z.registry()
  for (const [id, schema] of Object.entries(schemas)) names.add(schema, { id })
  return names
}

const requests = register({
  BatchRequest: batchRequestSchema,
  JobRequest: jobRequestSchema,
  JobChanges: jobChangesSchema,
  OrphanAbortRequest: abortRequestSchema,
  DrainRequest: drainRequestSchema,
  SessionRequest: sessionRequestSchema,
  SettingsChanges: settingsChangesSchema,
})
const answers = register({
  Batch: batchSchema,
  BulkVerb: bulkVerbSchema,
  BulkVerbPage: bulkVerbPageSchema,
  BatchOptions: batchOptionsSchema,
  BatchPage: batchPageSchema,
  BatchProblem: batchProblemSchema,
  BatchProblemPage: batchProblemPageSchema,
  Job: jobSchema,
  Nodes: nodesSchema,
  JobPage: jobPageSchema,
  JobOptions: optionsSchema,
  JobProgress: jobProgressSchema,
  Event: eventSchema,
  EventBatch: eventBatchSchema,
  EventJob: eventJobSchema,
  Orphan: orphanSchema,
  OrphanAbortAnswers: abortAnswersSchema,
  OrphanPage: orphanPageSchema,
  Part: partSchema,
  PartPage: partPageSchema,
  PlannedFile: plannedFileSchema,
  PlannedFilePage: plannedFilePageSchema,
  Probe: probeSchema,
  ProbeProblem: probeProblemSchema,
  Problem: problemSchema,
  Progress: progressSchema,
  Session: sessionSchema,
  Settings: settingsSchema,
  Stats: statsSchema,
  StatsHistory: historySchema,
  StreamData: streamDataSchema,
  StreamReady: streamReadySchema,
  StreamReset: streamResetSchema,
  Version: versionSchema,
  WaitCounts: waitSchema,
  Webhook: webhookSchema,
  WebhookMessage: webhookMessageSchema,
  WebhookPage: webhookPageSchema,
})

export type JsonSchema = Record<string, unknown>
type Io = 'input' | 'output'

/** Returns the reference to a named schema. */
export const uri = (id: string): string => `#/components/schemas/${id}`

/**
 * Corrects what zod derives. It says less than the type or format that is given beside it, and its readonly is about
 * TypeScript. When a schema transforms, zod drops its examples and its default, because they might be outputs; ours are
 * inputs.
 */
const override: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
  const { examples, default: preset } = z.globalRegistry.get(zodSchema) ?? {}
  if (examples !== undefined) Object.assign(jsonSchema, { examples })
  if (preset !== undefined) Object.assign(jsonSchema, { default: preset })
  delete jsonSchema.readOnly
  if (jsonSchema.type === 'array') delete jsonSchema.anyOf
  if (jsonSchema.format === 'date-time' || jsonSchema.type === 'integer') delete jsonSchema.pattern
}

const withoutIdentity = ({ $schema: _schema, $id: _id, ...rest }: JsonSchema): JsonSchema => rest

const componentsOf = (names: Names, io: Io): Record<string, JsonSchema> => {
  const { schemas } = z.toJSONSchema(names, { io, uri, override })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]))
}

/** Returns the schema of a part of a request or answer: a reference where it has a name. */
export const inline = (schema: z.ZodType, io: Io): JsonSchema => {
  const id = (io === 'input' ? requests : answers).get(schema)?.id
  return id === undefined ? withoutIdentity(z.toJSONSchema(schema, { io, override })) : { $ref: uri(id) }
}

/** Returns all named schemas. */
export const components = (): Record<string, JsonSchema> => ({
  ...componentsOf(requests, 'input'),
  ...componentsOf(answers, 'output'),
})
