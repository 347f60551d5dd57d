import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Orphans } from '../../engine/use-cases/orphans.js'
import { abortAnswersSchema, abortRequestSchema, orphanPageSchema, orphansQuerySchema } from '../shapes/orphans.js'
import { problems } from '../shapes/problems.js'
import { noQuerySchema, pageRequestOf } from '../shapes/query.js'

/** Lists and removes multipart uploads that are open in OSS. These requests ask OSS while the client waits. */
export const orphanRoutes = (instance: FastifyInstance, orphans: Orphans): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/v1/orphans',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listOrphans',
        summary: 'List the open multipart uploads in OSS, and say whose they are',
        description:
          'By bucket, then key, those of jobs at work among them. Without `bucket`: of every bucket that jobs were made for. ' +
          'A page may be short and still have a `nextCursor`.',
        tags: ['orphans'],
        querystring: orphansQuerySchema,
        response: { 200: orphanPageSchema, ...problems(502, 503) },
      },
    },
    async (request) => {
      const { bucket = null, payer } = request.query
      return orphans.list(bucket, pageRequestOf(request.query), payer)
    },
  )

  app.post(
    '/v1/orphans/abort',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'abortOrphans',
        summary: 'Remove open multipart uploads from OSS',
        description:
          'Answers for each upload, in order. Those that an unsettled job needs are always refused, those that no job has without `force`.',
        tags: ['orphans'],
        querystring: noQuerySchema,
        body: abortRequestSchema,
        response: { 200: abortAnswersSchema, ...problems(413, 415, 503, 507) },
      },
    },
    async (request) => {
      const { uploads, force, payer } = request.body
      return { items: await orphans.abort(uploads, force, payer) }
    },
  )
}
