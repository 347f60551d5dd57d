import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError } from '../../core/app-error.js'
import type { Drain } from '../../engine/use-cases/drain.js'
import type { WaitAnswer, Waits } from '../../engine/use-cases/waits.js'
import { parseJsonBody } from '../server/json-body.js'
import type { Lingering } from '../server/lingering.js'
import { nothingSchema } from '../shapes/fields.js'
import { problems } from '../shapes/problems.js'
import { noQuerySchema } from '../shapes/query.js'
import { drainQuerySchema, drainRequestSchema, waitFilterOf, waitQuerySchema, waitSchema } from '../shapes/waits.js'

export interface WaitRoutesDeps {
  readonly waits: Waits
  readonly drain: Drain
  readonly lingering: Lingering
}

const statuses = 'Answers 200 when nothing is pending any more, 202 when the time is up before that.'

const answer = (reply: FastifyReply, { done, counts }: WaitAnswer): WaitAnswer['counts'] => {
  reply.code(done ? 200 : 202)
  return counts
}

/** Waits until work is done, and drains the daemon. Sidecars use both. */
export const waitRoutes = (instance: FastifyInstance, { waits, drain, lingering }: WaitRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  // A drain may come without a body, and then with any content type.
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 1024 }, (_request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else done(new AppError('unsupported_media_type', 'Send the body as application/json.'))
  })
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJsonBody(body),
  )

  app.get(
    '/v1/wait',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'waitForJobs',
        summary: 'Wait until everything that matches is settled',
        description: `${statuses} Without a filter: what is not settled when the request comes, and what comes after. Paused jobs and those that are not yet due are pending; nothing that matches is nothing pending.`,
        tags: ['jobs'],
        querystring: waitQuerySchema,
        response: { 200: waitSchema, 202: waitSchema, ...problems(404, 503) },
      },
    },
    async (request, reply) => {
      const { timeout } = request.query
      const found = await waits.wait(waitFilterOf(request.query), timeout, lingering.signalFor(reply))
      return answer(reply, found)
    },
  )

  app.post(
    '/v1/drain',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'drain',
        summary: 'Take no new jobs, and finish the existing ones',
        description: `${statuses} Submits are refused with 503 \`draining\` from now on, whatever this answers; a repeat goes on waiting. Counts what is not settled when the drain begins, and what comes after. Nothing of it is stored: it ends with DELETE or with the process.`,
        tags: ['system'],
        querystring: drainQuerySchema,
        body: drainRequestSchema,
        response: { 200: waitSchema, 202: waitSchema, ...problems(413, 415, 503) },
      },
    },
    async (request, reply) => {
      const { timeoutSeconds, since = request.query.since } = request.body
      return answer(reply, await drain.begin(timeoutSeconds * 1000, since ?? null, lingering.signalFor(reply)))
    },
  )

  app.delete(
    '/v1/drain',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'undoDrain',
        summary: 'Take new jobs again',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 204: nothingSchema, ...problems(413, 415) },
      },
    },
    async (_request, reply) => {
      drain.undo()
      reply.code(204)
      return null
    },
  )
}
