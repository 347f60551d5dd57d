import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Overview } from '../../engine/use-cases/overview.js'
import type { Metrics } from '../metrics/metrics.js'
import { problems } from '../shapes/problems.js'
import { noQuerySchema } from '../shapes/query.js'
import { metricsTextSchema } from '../shapes/system.js'

export interface MetricsRoutesDeps {
  readonly metrics: Metrics
  readonly overview: Overview
}

/** Serves `/metrics` for Prometheus. */
export const metricsRoutes = (instance: FastifyInstance, { metrics, overview }: MetricsRoutesDeps): void => {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/metrics',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus',
        description:
          'The names are listed in docs/reference/metrics.md. While the database fails, what it knows is left out.',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: metricsTextSchema, ...problems() },
      },
    },
    async (_request, reply) => {
      const text = await metrics.scrape(overview)
      return reply.header('content-type', metrics.contentType).header('cache-control', 'no-store').send(text)
    },
  )
}
