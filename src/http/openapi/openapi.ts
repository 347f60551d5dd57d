import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { z } from 'zod'
import type { AppErrorCode } from '../../core/app-error.js'
import { type Problem, problemMediaType, titled } from '../server/problem.js'
import {
  abortAnswersSchema,
  batchPageSchema,
  batchProblemPageSchema,
  eventJobSchema,
  eventSchema,
  jobPageSchema,
  jobProgressSchema,
  jobSchema,
  orphanPageSchema,
  orphanSchema,
  partPageSchema,
  partSchema,
  plannedFilePageSchema,
  probeProblemSchema,
  probeSchema,
  problemSchema,
  progressSchema,
  sessionSchema,
  streamDataSchema,
  streamReadySchema,
  streamResetSchema,
  versionSchema,
  waitSchema,
  webhookMessageSchema,
  webhookPageSchema,
  webhookSchema,
} from '../shapes/answers.js'
import { batchProblemSchema, batchSchema, eventBatchSchema, plannedFileSchema } from '../shapes/batch-answers.js'
import { batchRequestSchema } from '../shapes/batch-request.js'
import { jobChangesSchema, jobRequestSchema } from '../shapes/job-request.js'
import { batchOptionsSchema, optionsSchema } from '../shapes/options-answer.js'
import { abortRequestSchema } from '../shapes/orphan-request.js'
import { sessionRequestSchema } from '../shapes/session-request.js'
import { settingsChangesSchema, settingsSchema } from '../shapes/settings-request.js'
import { historySchema, statsSchema } from '../shapes/stats-answers.js'
import { sweepSchema } from '../shapes/sweep-answer.js'
import { drainRequestSchema } from '../shapes/wait-request.js'
import { eventStreamExample, exampleOf, jobLinesExample, metricsTextExample } from './openapi-examples.js'
import { webhooksOf } from './openapi-webhooks.js'

/*
 * Named schemas, requests apart from answers: a zod schema may read differently on its way in and out, and naming it
 * once for each keeps the document free of doubles.
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
  BatchOptions: batchOptionsSchema,
  BatchPage: batchPageSchema,
  BatchProblem: batchProblemSchema,
  BatchProblemPage: batchProblemPageSchema,
  Job: jobSchema,
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
  SweepAnswer: sweepSchema,
  Version: versionSchema,
  WaitCounts: waitSchema,
  Webhook: webhookSchema,
  WebhookMessage: webhookMessageSchema,
  WebhookPage: webhookPageSchema,
})

type JsonSchema = Record<string, unknown>
type Io = 'input' | 'output'

const uri = (id: string): string => `#/components/schemas/${id}`

/**
 * What zod derives says less than the type or format given beside it, and its readonly is about TypeScript. Of a schema
 * that transforms it drops the examples and the default, which might be outputs; ours are inputs.
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

const components = (names: Names, io: Io): Record<string, JsonSchema> => {
  const { schemas } = z.toJSONSchema(names, { io, uri, override })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]))
}

const inline = (schema: z.ZodType, io: Io): JsonSchema => {
  const id = (io === 'input' ? requests : answers).get(schema)?.id
  return id === undefined ? withoutIdentity(z.toJSONSchema(schema, { io, override })) : { $ref: uri(id) }
}

/** Descriptions of the answers that routes give, by status. */
const descriptions: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made, and durable. `Location` names it; `Idempotency-Replayed: true` tells that it was made before.',
  202: 'Accepted, or still under way: how it is now.',
  204: 'Removed.',
  400: '`invalid_request`: `errors` names the offending fields.',
  401: '`unauthorized`: no valid token.',
  403: '`forbidden`: the token lacks the scope, or a web page of another origin asks; `target_not_allowed`.',
  404: '`job_not_found`, `batch_not_found`, `webhook_not_found`: there is none of this id.',
  408: '`request_timeout`: the request did not come whole in time.',
  409: '`invalid_state`: the state of the job or batch forbids it; `target_busy`: `jobId` names the job in the way.',
  412: '`precondition_failed`: the job is at another version than `If-Match` names.',
  413: '`payload_too_large`: the body is over 1 MiB (of a batch: 16 MiB).',
  415: '`unsupported_media_type`: the body is not application/json.',
  421: '`misdirected`: the Host header is not one of ours.',
  422: '`source_unavailable`: the source cannot be read; `idempotency_mismatch`: the key was used with another body.',
  429: '`rate_limited`: the token asks too often; `queue_full`: `LONGSHORE_MAX_QUEUED` jobs are queued. `Retry-After` tells when to come back.',
  431: '`head_too_large`: address and headers are longer than 16 KiB together.',
  500: '`internal`: a bug.',
  502: '`oss_refused`: OSS refuses what the request needs; `detail` has its words.',
  503: '`draining`: no new work is taken; `storage_unavailable`; `oss_unavailable`: OSS does not answer. `Retry-After` may tell when to come back.',
  507: '`storage_full`: the disk of the database is full.',
}

/** What streams send. */
export const eventStreamSchema = z.string().describe('Server-sent events: `data:` of each holds a StreamData.')

/** One JSON object per line. */
export const jobLinesSchema = z.string().describe('NDJSON: every line is a Job.')

/** Answers that are texts of many JSON values, and the schema of each. */
const lines: ReadonlyMap<z.ZodType, z.ZodType> = new Map<z.ZodType, z.ZodType>([
  [eventStreamSchema, streamDataSchema],
  [jobLinesSchema, jobSchema],
])

/** The text format of Prometheus. */
export const metricsTextSchema = z.string().describe('One sample per line, in the text format of Prometheus.')

const mediaTypeOf = (schema: z.ZodType): string => {
  if (schema === problemSchema || schema === probeProblemSchema) return problemMediaType
  if (schema === metricsTextSchema) return 'text/plain'
  if (schema === jobLinesSchema) return 'application/x-ndjson'
  return schema === eventStreamSchema ? 'text/event-stream' : 'application/json'
}

/** The answer without a body. */
export const nothingSchema = z.null()

/** What a problem of this status says, after the first code that its description names. */
const problemExample = (status: string): Problem => {
  const [, code = 'internal', said = ''] = /^`(\w+)`(?:, `\w+`)*:? ?([^;]*)/.exec(descriptions[status] ?? '') ?? []
  const sentence = said.replace(/\.?$/, '.')
  return titled(Number(status), code as AppErrorCode, sentence.charAt(0).toUpperCase() + sentence.slice(1))
}

const exampleFor = (status: string, schema: z.ZodType): unknown => {
  if (schema === problemSchema) return problemExample(status)
  if (schema === eventStreamSchema) return eventStreamExample
  if (schema === jobLinesSchema) return jobLinesExample
  return schema === metricsTextSchema ? metricsTextExample : exampleOf(schema)
}

const response = (status: string, schema: z.ZodType): JsonSchema => {
  const description = descriptions[status]
  if (schema === nothingSchema) return { description, type: 'null' }
  const line = lines.get(schema)
  const own = inline(schema, 'output')
  const described =
    line === undefined ? own : { ...own, contentMediaType: 'application/json', contentSchema: inline(line, 'output') }
  const content = { schema: described, example: exampleFor(status, schema) }
  return { description, content: { [mediaTypeOf(schema)]: content } }
}

const commonProblems = [400, 401, 403, 408, 421, 429, 431, 500] as const

/** The problem answers of an operation: those that any may give, and its own. */
export const problems = <S extends number>(...own: readonly S[]) =>
  Object.fromEntries([...commonProblems, ...own].map((status) => [status, problemSchema])) as Record<
    S | (typeof commonProblems)[number],
    typeof problemSchema
  >

const openStatuses = [400, 403, 408, 421, 431, 500] as const

/** Those of an operation that asks for no token. */
export const openProblems = () =>
  Object.fromEntries(openStatuses.map((status) => [status, problemSchema])) as Record<
    (typeof openStatuses)[number],
    typeof problemSchema
  >

interface RouteSchema {
  readonly hide?: boolean
  readonly body?: z.ZodType
  readonly querystring?: z.ZodType
  readonly params?: z.ZodType
  readonly headers?: z.ZodType
  readonly response?: Readonly<Record<string, z.ZodType>>
}

const requestParts = ['body', 'querystring', 'params', 'headers'] as const

const transform: NonNullable<FastifyDynamicSwaggerOptions['transform']> = ({ schema, url }) => {
  const { body, querystring, params, headers, response: responses, ...rest } = (schema ?? { hide: true }) as RouteSchema
  const parts = { body, querystring, params, headers }
  const described: JsonSchema = { ...rest }
  for (const name of requestParts) {
    const part = parts[name]
    if (part !== undefined) described[name] = inline(part, 'input')
  }
  const answers = Object.entries(responses ?? {}).map(([status, part]) => [status, response(status, part)])
  return { schema: { ...described, response: Object.fromEntries(answers) }, url }
}

/** Options of @fastify/swagger that make the OpenAPI 3.1 document from the zod schemas of the routes. */
export const openApiOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  convertConstToEnum: false,
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Longshore',
      version,
      description:
        'A resumable upload daemon for Alibaba Cloud OSS. Sizes are bytes, instants ISO 8601 UTC, 64-bit integers decimal strings.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Wherever the document was fetched from: the daemon knows no other name of itself.
    servers: [{ url: '/', description: 'The daemon that gave this document.' }],
    tags: [
      { name: 'jobs', description: 'Hand over work, look at it, steer it.' },
      { name: 'batches', description: 'Directories and lists of files, as one.' },
      { name: 'events', description: 'What happens, as it happens.' },
      { name: 'webhooks', description: 'Messages to receivers of webhooks, and what became of them.' },
      { name: 'orphans', description: 'Multipart uploads that are open in OSS.' },
      { name: 'session', description: 'The cookie of the dashboard.' },
      { name: 'system', description: 'The daemon itself.' },
    ],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Mandatory off loopback.' },
        session: { type: 'apiKey', in: 'cookie', name: 'longshore_session', description: 'From POST /v1/session.' },
      },
    },
    security: [{ bearer: [] }, { session: [] }, {}],
  },
  transform,
  // Added last: the library would strip the examples of schemas that it sees.
  transformObject: (document) => {
    if (!('openapiObject' in document)) return document.swaggerObject
    const schemas = { ...components(requests, 'input'), ...components(answers, 'output') }
    const webhooks = webhooksOf(uri('WebhookMessage'))
    return {
      ...document.openapiObject,
      webhooks,
      components: { ...document.openapiObject.components, schemas },
    } as never
  },
})
