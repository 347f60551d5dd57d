import type { FastifyInstance } from 'fastify'
import { AppError } from '../../core/app-error.js'

const empty = /^\s*(\{\s*\})?\s*$/

/**
 * Removes the content type of requests that have no body. It describes nothing then, and fastify would refuse an empty or
 * malformed one before it looks whether there is a body.
 */
export const ignoreTypeOfNothing = (app: Pick<FastifyInstance, 'addHook'>): void => {
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const length = headers['content-length'] ?? '0'
    if (headers['transfer-encoding'] === undefined && /^0+$/.test(length)) delete headers['content-type']
    done()
  })
}

/** Lets the requests of these routes have any content type and no body. An empty JSON object is let through too. */
export const takeNoBody = (
  app: Pick<FastifyInstance, 'addHook' | 'removeAllContentTypeParsers' | 'addContentTypeParser'>,
): void => {
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    // A malformed content type would be refused before the parser below sees the body.
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream'
  })
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 1024 }, (_request, body, done) => {
    if (empty.test(body.toString())) done(null, undefined)
    else done(new AppError('invalid_request', 'This request takes no body.'))
  })
}
