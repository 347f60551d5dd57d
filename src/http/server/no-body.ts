import type { FastifyInstance } from 'fastify'
import { AppError } from '../../core/app-error.js'

const empty = /^\s*(\{\s*\})?\s*$/

/** Requests without a body pass with any content type; an empty JSON object is let through. */
export const takeNoBody = (
  app: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'addContentTypeParser'>,
): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 1024 }, (_request, body, done) => {
    if (empty.test(body.toString())) done(null, undefined)
    else done(new AppError('invalid_request', 'This request takes no body.'))
  })
}
