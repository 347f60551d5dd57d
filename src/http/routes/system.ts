import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Nodes } from '../../engine/use-cases/nodes.js'
import type { Overview } from '../../engine/use-cases/overview.js'
import { nodesSchema } from '../shapes/nodes.js'
import { problems } from '../shapes/problems.js'
import { noQuerySchema } from '../shapes/query.js'
import { historyQuerySchema, historySchema, statsSchema } from '../shapes/stats.js'
import { versionSchema } from '../shapes/system.js'

export interface SystemRoutesDeps {
  readonly overview: Overview
  readonly nodes: Nodes
  readonly version: { readonly version: string; readonly commit?: string }
}

/** Tells about the daemon itself. */
export const systemRoutes = (instance: FastifyInstance, { overview, nodes, version }: SystemRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/v1/stats',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getStats',
        summary: 'How the daemon is doing: totals, rates, waits',
        description: 'Costs the same however many jobs are stored, so it may be called every second.',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: statsSchema, ...problems(503) },
      },
    },
    async () => ({ ...(await overview.stored()), ...overview.live() }),
  )

  app.get(
    '/v1/stats/history',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getStatsHistory',
        summary: 'Throughput of the last hour',
        description: 'Kept in memory: it begins with the daemon.',
        tags: ['system'],
        querystring: historyQuerySchema,
        response: { 200: historySchema, ...problems(400) },
      },
    },
    async (request) => overview.history(request.query.range),
  )

  app.get(
    '/v1/nodes',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listNodes',
        summary: 'The daemons that work on the same jobs',
        description:
          'With SQLite there is one. A daemon is listed from its first beat on, within three seconds of its start at the latest.',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: nodesSchema, ...problems() },
      },
    },
    async () => ({ items: nodes.list() }),
  )

  app.get(
    '/v1/version',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getVersion',
        summary: 'Which version answers',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: versionSchema, ...problems() },
      },
    },
    async () => ({ version: version.version, commit: version.commit ?? null }),
  )
}
