import { describe, expect, it } from 'vitest'
import { jobPageSchema, jobSchema } from '../../src/http/shapes/jobs/answer.js'
import { jobRequestSchema } from '../../src/http/shapes/jobs/request.js'
import { problemSchema } from '../../src/http/shapes/problems.js'
import { createHarness } from './harness.js'

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: unknown }> }
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, { readonly examples?: readonly unknown[] }> }
}

const setup = async () => {
  const { app } = await createHarness()
  const document = (await app.inject('/openapi.json')).json() as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  return { document, operations }
}

describe('The OpenAPI document', () => {
  it('is 3.1 and has every route of this version', async () => {
    const { document, operations } = await setup()
    expect(document.openapi).toMatch(/^3\.1\./)
    expect(operations.map(({ path, method }) => `${method} ${path}`).sort()).toEqual(
      [
        'delete /v1/batches/{id}',
        'delete /v1/drain',
        'delete /v1/jobs/{id}',
        'patch /v1/jobs/{id}',
        'patch /v1/settings',
        'get /livez',
        'get /metrics',
        'get /readyz',
        'get /v1/batches',
        'get /v1/batches/{id}',
        'get /v1/batches/{id}/files',
        'get /v1/batches/{id}/jobs',
        'get /v1/batches/{id}/manifest',
        'get /v1/batches/{id}/problems',
        'get /v1/events',
        'get /v1/jobs',
        'get /v1/jobs/{id}',
        'get /v1/jobs/{id}/events',
        'get /v1/jobs/{id}/parts',
        'get /v1/nodes',
        'get /v1/orphans',
        'get /v1/settings',
        'get /v1/stats',
        'get /v1/stats/history',
        'get /v1/verbs',
        'get /v1/verbs/{id}',
        'get /v1/version',
        'delete /v1/session',
        'post /v1/session',
        'get /v1/wait',
        'post /v1/batches',
        'post /v1/batches/{id}/cancel',
        'post /v1/batches/{id}/pause',
        'post /v1/batches/{id}/resume',
        'post /v1/batches/{id}/retry',
        'post /v1/drain',
        'get /v1/webhooks',
        'post /v1/webhooks/{id}/redeliver',
        'post /v1/jobs',
        'post /v1/jobs/cancel',
        'post /v1/jobs/pause',
        'post /v1/jobs/resume',
        'post /v1/jobs/retry',
        'post /v1/jobs/{id}/cancel',
        'post /v1/jobs/{id}/pause',
        'post /v1/jobs/{id}/resume',
        'post /v1/jobs/{id}/retry',
        'post /v1/orphans/abort',
      ].sort(),
    )
  })

  it('names, sums up and tags every operation, each name once', async () => {
    const { operations } = await setup()
    const names = operations.map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(operations.length)
    for (const { operation } of operations) {
      expect(operation).toMatchObject({ operationId: expect.any(String), summary: expect.any(String) })
      expect(operation.tags).toHaveLength(1)
    }
  })

  it('declares every parameter of a path', async () => {
    const { operations } = await setup()
    for (const { path, operation } of operations) {
      const declared = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path')
        .map(({ name }) => name)
      expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))
    }
  })

  it('describes every answer, refusals as problem+json', async () => {
    const { operations } = await setup()
    for (const { path, operation } of operations) {
      const statuses = Object.keys(operation.responses)
      if (path.startsWith('/v1'))
        expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '421', '429', '500']))
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        expect(description).not.toBe('')
        if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(['application/problem+json'])
      }
    }
  })

  it('shows streams as event streams and nothing where there is no body', async () => {
    const { document } = await setup()
    const stream = document.paths['/v1/events']?.['get']?.responses['200']
    expect(Object.keys(stream?.content ?? {})).toEqual(['text/event-stream'])
    expect(document.paths['/v1/jobs/{id}']?.['delete']?.responses['204']).not.toHaveProperty('content')
  })

  it('has each named schema once, and every reference leads to one', async () => {
    const { document } = await setup()
    const names = Object.keys(document.components.schemas)
    expect(names.filter((name) => name.endsWith('Input') || name.startsWith('def-'))).toEqual([])
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) {
      expect(names).toContain(reference.replace('#/components/schemas/', ''))
    }
    const body = document.paths['/v1/jobs']?.['post']?.requestBody?.content['application/json']?.schema
    expect(body).toEqual({ $ref: '#/components/schemas/JobRequest' })
  })

  it('has examples that its own schemas take', async () => {
    const { document } = await setup()
    const examples = (name: string) => document.components.schemas[name]?.examples ?? []
    expect(jobRequestSchema.parse(examples('JobRequest')[0])).toBeDefined()
    expect(jobSchema.strict().parse(examples('Job')[0])).toBeDefined()
    expect(problemSchema.strict().parse(examples('Problem')[0])).toBeDefined()
  })
})

describe('What is answered', () => {
  it('is what the document says', async () => {
    const { app } = await createHarness()
    expect(jobPageSchema.strict().parse((await app.inject('/v1/jobs')).json()).items).toHaveLength(1)
    expect(jobSchema.strict().parse((await app.inject('/v1/jobs/job-1')).json()).id).toBe('job-1')
  })
})
