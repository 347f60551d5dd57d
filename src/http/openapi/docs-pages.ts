import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { type FastifyInstance, fastify } from 'fastify'

/** The Swagger page needs its own files, pictures in its style sheet, and requests to this API. */
const policy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': ["'self'", 'data:'],
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

/** Creates an app that never listens: it answers what is injected for the pages below /docs. */
export const createDocsPages = async (document: object): Promise<FastifyInstance> => {
  const pages = fastify()
  await pages.register(swagger, { mode: 'static', specification: { document: document as never } })
  await pages.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    uiConfig: { validatorUrl: null, displayRequestDuration: true },
  })
  await pages.ready()
  return pages
}
