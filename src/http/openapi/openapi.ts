import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { z } from 'zod'
import { problemMediaType } from '../server/problem.js'
import { eventStreamSchema, streamDataSchema } from '../shapes/events.js'
import { exampleOf } from '../shapes/examples.js'
import { nothingSchema } from '../shapes/fields.js'
import { jobLinesSchema, jobSchema } from '../shapes/jobs/answer.js'
import { meanings, problemExample, problemSchema } from '../shapes/problems.js'
import { metricsTextSchema, probeProblemSchema } from '../shapes/system.js'
import { components, inline, type JsonSchema, uri } from './components.js'
import { webhooksOf } from './openapi-webhooks.js'

/** Answers that are texts of many JSON values, with the schema of one value. */
const lines: ReadonlyMap<z.ZodType, z.ZodType> = new Map<z.ZodType, z.ZodType>([
  [eventStreamSchema, streamDataSchema],
  [jobLinesSchema, jobSchema],
])

const mediaTypeOf = (schema: z.ZodType): string => {
  if (schema === problemSchema || schema === probeProblemSchema) return problemMediaType
  if (schema === metricsTextSchema) return 'text/plain'
  if (schema === jobLinesSchema) return 'application/x-ndjson'
  return schema === eventStreamSchema ? 'text/event-stream' : 'application/json'
}

const exampleFor = (status: string, schema: z.ZodType): unknown =>
  schema === problemSchema ? problemExample(status) : exampleOf(schema)

const response = (status: string, schema: z.ZodType): JsonSchema => {
  const description = meanings[status]
  if (schema === nothingSchema) return { description, type: 'null' }
  const line = lines.get(schema)
  const own = inline(schema, 'output')
  const described =
    line === undefined ? own : { ...own, contentMediaType: 'application/json', contentSchema: inline(line, 'output') }
  const content = { schema: described, example: exampleFor(status, schema) }
  return { description, content: { [mediaTypeOf(schema)]: content } }
}

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
    // The server is where the document was fetched from, because the daemon knows no other name of itself.
    servers: [{ url: '/', description: 'The daemon that gave this document.' }],
    tags: [
      { name: 'jobs', description: 'Submit jobs, look at them, control them.' },
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
  // The schemas are added last, because the library would strip the examples of schemas that it sees.
  transformObject: (document) => {
    if (!('openapiObject' in document)) return document.swaggerObject
    const { openapiObject } = document
    return {
      ...openapiObject,
      webhooks: webhooksOf(uri('WebhookMessage')),
      components: { ...openapiObject.components, schemas: components() },
    } as never
  },
})
