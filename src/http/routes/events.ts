import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { EventFeed } from '../../engine/feed/event-feed.js'
import type { Batches } from '../../engine/use-cases/batches.js'
import type { Jobs } from '../../engine/use-cases/jobs.js'
import type { EventStreams } from '../server/sse.js'
import { eventStreamSchema, eventsQuerySchema, jobEventsQuerySchema } from '../shapes/events.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema } from '../shapes/query.js'

export interface EventRoutesDeps {
  readonly jobs: Jobs
  readonly batches: Pick<Batches, 'get'>
  readonly feed: EventFeed
  readonly streams: EventStreams
}

const lastEventId = (header: string | string[] | undefined): string | null =>
  typeof header === 'string' && header !== '' ? header : null

const description =
  'Server-sent events. `Last-Event-ID` (or `after`) replays what came after it; when that is no longer kept, the first ' +
  'event is `reset`. Without a cursor the first event is `ready`, whose id says where the stream begins. `job.progress` has no id and is not replayed. A comment keeps the ' +
  'connection awake: there is no silence longer than 15 s.'

/** Streams what happens. */
export const eventRoutes = (instance: FastifyInstance, { jobs, batches, feed, streams }: EventRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/v1/events',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'streamEvents',
        summary: 'Follow all jobs, one, those of a batch, or those with labels',
        description,
        tags: ['events'],
        querystring: eventsQuerySchema,
        response: { 200: eventStreamSchema, ...problems(404, 503) },
      },
    },
    async (request, reply) => {
      const { job, batch, label, after } = request.query
      if (job !== undefined) await jobs.get(job)
      if (batch !== undefined) await batches.get(batch)
      const cursor = lastEventId(request.headers['last-event-id']) ?? after ?? null
      const filter = {
        ...(job === undefined ? {} : { jobId: job }),
        ...(batch === undefined ? {} : { batchId: batch }),
        ...(label === undefined ? {} : { labels: label }),
      }
      streams.serve(request, reply, (take, signal) => feed.listen(cursor, filter, take, signal))
      return reply
    },
  )

  app.get(
    '/v1/jobs/:id/events',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'streamJobEvents',
        summary: 'Follow one job',
        description,
        tags: ['events'],
        params: idParamsSchema,
        querystring: jobEventsQuerySchema,
        response: { 200: eventStreamSchema, ...problems(404, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      await jobs.get(id)
      const cursor = lastEventId(request.headers['last-event-id']) ?? request.query.after ?? null
      streams.serve(request, reply, (take, signal) => feed.listen(cursor, { jobId: id }, take, signal))
      return reply
    },
  )
}
