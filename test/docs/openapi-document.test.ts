import { readFile } from 'node:fs/promises'
import swagger from '@fastify/swagger'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript'
import { describe, expect, it } from 'vitest'
import { webhookBody } from '../../src/core/webhook.js'
import { openApiOptions } from '../../src/http/openapi/openapi.js'
import { type JsonSchema, problemsOf, resolve, type Schemas } from '../guard/json-schema.js'
import { createHarness, jobView } from '../http/harness.js'

/*
 * `npm run openapi` writes docs/reference/openapi.json and src/cli/client/openapi-types.ts anew; `npm test` compares them.
 */

interface MediaType {
  readonly schema: JsonSchema & { readonly examples?: readonly unknown[] }
  readonly example?: unknown
}
interface Operation {
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, MediaType>> }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly webhooks: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Schemas }
}

const setup = async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const { app } = await createHarness({
    version: { version },
    beforeRoutes: async (bare) => void (await bare.register(swagger, openApiOptions(version))),
  })
  const document = JSON.parse(JSON.stringify(app.swagger())) as Document
  return { app, document, text: `${JSON.stringify(document, null, 2)}\n` }
}

const operationsOf = ({ paths }: Document): readonly Operation[] => Object.values(paths).flatMap(Object.values)

describe('docs/reference/openapi.json', () => {
  it('is the document of this version', async () => {
    const { text } = await setup()
    await expect(text).toMatchFileSnapshot('../../docs/reference/openapi.json')
  })

  it('is what every daemon serves, as it stands', async () => {
    const { app, document } = await setup()
    for (const url of ['/openapi.json', '/docs/json']) {
      expect((await app.inject(url)).body, url).toBe(JSON.stringify(document))
    }
  })

  it('has every route but those of pages', async () => {
    const { app, document } = await setup()
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const routes = app
      .routeScopes()
      .filter(({ method, url }) => method !== 'HEAD' && !/^\/(docs.*|openapi\.json|assets\/.*|)$/.test(url))
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`)
    expect([...documented].sort()).toEqual([...routes].sort())
  })

  it('passes a linter', async () => {
    const { text } = await setup()
    const config = await createConfig({
      extends: ['recommended-strict'],
      // The document is served by every daemon, wherever it runs.
      rules: { 'no-empty-servers': 'off' },
    })
    const found = await lintFromString({ source: text, config, absoluteRef: 'openapi.json' })
    expect(found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([])
  })

  it('shows an example of every body and every answer, and each is what its schema says', async () => {
    const { document } = await setup()
    const { schemas } = document.components
    const wrong: string[] = []
    let shown = 0
    const check = (where: string, { schema, example }: MediaType): void => {
      const examples = example === undefined ? (resolve(schema, schemas) as MediaType['schema']).examples : [example]
      if (examples === undefined || examples.length === 0) wrong.push(`${where} has no example`)
      for (const one of examples ?? []) wrong.push(...problemsOf(one, schema, schemas).map((text) => where + text))
      shown += examples?.length ?? 0
    }
    for (const { operationId, requestBody, responses } of operationsOf(document)) {
      for (const body of Object.values(requestBody?.content ?? {})) check(`${operationId} body`, body)
      for (const [status, { content = {} }] of Object.entries(responses)) {
        for (const body of Object.values(content)) check(`${operationId} ${status}`, body)
      }
    }
    expect(wrong).toEqual([])
    expect(shown).toBeGreaterThan(300)
  })

  it('refers to what streams and webhooks send', async () => {
    const { document } = await setup()
    const { schemas } = document.components
    for (const path of ['/v1/events', '/v1/jobs/{id}/events']) {
      const { schema } = document.paths[path]?.['get']?.responses['200']?.content?.['text/event-stream'] ?? {}
      expect(schema).toMatchObject({ contentSchema: { $ref: '#/components/schemas/StreamData' } })
    }
    const refs = (schemas['StreamData']?.anyOf ?? []).map(({ $ref }) => $ref?.split('/').at(-1))
    expect(refs.sort()).toEqual(['Event', 'JobProgress', 'StreamReady', 'StreamReset'])
    const message = document.webhooks['jobEvent']?.['post']?.requestBody?.content['application/json']
    expect(message?.schema).toEqual({ $ref: '#/components/schemas/WebhookMessage' })
    expect(problemsOf(message?.example, message?.schema ?? {}, schemas)).toEqual([])
    // What is really sent is what the document says.
    const { options: _options, node: _node, place: _place, ...job } = jobView()
    const body = JSON.parse(webhookBody('job.failed', 0, job))
    expect(problemsOf(body, { $ref: '#/components/schemas/WebhookMessage' }, schemas)).toEqual([])
  })

  it('shows refusals in whole sentences', async () => {
    const { document } = await setup()
    const details = operationsOf(document)
      .flatMap(({ responses }) => Object.values(responses))
      .flatMap(({ content = {} }) => content['application/problem+json']?.example ?? [])
      .map((problem) => (problem as { readonly detail: string }).detail)
    expect(details.length).toBeGreaterThan(200)
    expect(details.filter((detail) => !/^[A-Z`].*\.$/.test(detail))).toEqual([])
  })
})

/**
 * Leaves refusals out. They are alike everywhere and the client knows them by heart, so repeating them would make up
 * most of the types.
 */
const answersOnly = (document: Document): Document => {
  const isAnswer = (status: string): boolean => Number(status) < 400
  const kept = (operation: Operation): Operation => ({
    ...operation,
    responses: Object.fromEntries(Object.entries(operation.responses).filter(([status]) => isAnswer(status))),
  })
  const paths = Object.entries(document.paths).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, operation]) => [method, kept(operation)])),
  ])
  return { ...document, paths: Object.fromEntries(paths) }
}

/** Returns the document without examples, which would be comments. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (name, member) => (name === 'examples' || name === 'example' ? undefined : member)))

describe('src/cli/client/openapi-types.ts', () => {
  it('is what the document says', async () => {
    const { document } = await setup()
    const types = astToString(await openapiTypescript(plain(answersOnly(document)) as OpenAPI3, { immutable: true }))
    await expect(`// Generated from docs/reference/openapi.json by \`npm run openapi\`.\n${types}`).toMatchFileSnapshot(
      '../../src/cli/client/openapi-types.ts',
    )
  })
})
