import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ApiDocument } from './api-document.js'

/** These are the addresses of the Swagger page and of its files. */
const addresses = ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/*']

/** These headers are about the connection, and the server sets its own. */
const ofConnection = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * Serves the document of the API, and the Swagger page that shows it. What makes the page takes a tenth of a second to
 * load, so it is loaded for the first request.
 */
export const docsRoutes = (app: FastifyInstance, document: ApiDocument): void => {
  let opening: Promise<FastifyInstance> | null = null
  const open = async (): Promise<FastifyInstance> => {
    const { createDocsPages } = await import('./docs-pages.js')
    return createDocsPages(JSON.parse(await document.text()))
  }
  const pages = (): Promise<FastifyInstance> => {
    opening ??= open().catch((error: unknown) => {
      opening = null
      throw error
    })
    return opening
  }

  const show = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { method, url, headers } = request
    const answer = await (await pages()).inject({ method: method as 'GET' | 'HEAD', url, headers })
    if (answer.statusCode === 404) return reply.callNotFound()
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined && !ofConnection.has(name)) reply.header(name, value)
    }
    return reply.code(answer.statusCode).send(answer.rawPayload)
  }

  for (const url of addresses) app.get(url, { config: { scope: 'none' }, schema: { hide: true } }, show)

  app.get('/openapi.json', { config: { scope: 'none' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await document.text()),
  )
  app.addHook('onClose', async () => {
    if (opening !== null) await (await opening.catch(() => null))?.close()
  })
}
