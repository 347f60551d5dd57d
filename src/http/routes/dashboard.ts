import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../core/app-error.js'
import type { DashboardFile, DashboardFiles, Encoding } from '../server/dashboard-files.js'

/**
 * The dashboard may load its own scripts, styles and pictures, and send requests to this API. No string ever becomes markup
 * or code there: Trusted Types are required, and there is no policy for them.
 */
const dashboardPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join(';')

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Longshore</title>
<h1>Longshore is running</h1>
<p>Its page was not built. In a checkout, <code>npm run build</code> makes it; then start the daemon again.</p>
<p>The API is described at <a href="./docs/">docs</a>; everything also works from the command line: <code>longshore --help</code>.</p>
</html>
`

const pointers = { name: 'longshore', docs: '/docs', openapi: '/openapi.json' }

/**
 * Returns the encoding with the smallest body that the client takes. `q=0` is heeded and other weights are not: a client
 * that takes brotli gets it.
 */
const encodingFor = (file: DashboardFile, accepted: string | undefined): Encoding => {
  const taken = new Set(
    (accepted ?? '')
      .toLowerCase()
      .split(',')
      .filter((item) => !/;\s*q=0(\.0*)?\s*$/.test(item))
      .map((item) => item.split(';', 1)[0]?.trim()),
  )
  return (['br', 'gzip'] as const).find((encoding) => taken.has(encoding) && file.bodies.has(encoding)) ?? 'identity'
}

const send = (request: FastifyRequest, reply: FastifyReply, file: DashboardFile) => {
  const encoding = encodingFor(file, request.headers['accept-encoding'])
  const etag = `"${file.digest}-${encoding}"`
  reply.header('etag', etag).header('vary', 'accept, accept-encoding')
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (known.includes(etag)) return reply.code(304).send()
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.type(file.contentType).send(file.bodies.get(encoding))
}

const wantsHtml = (request: FastifyRequest): boolean => (request.headers.accept ?? '').includes('text/html')

/**
 * Serves the dashboard from memory. Its files need no token; the data that it shows does. Programs get JSON that says where
 * to read on.
 */
export const dashboardRoutes = (app: FastifyInstance, files: DashboardFiles | null): void => {
  app.get('/', { config: { scope: 'none', linkable: true }, schema: { hide: true } }, async (request, reply) => {
    reply.header('vary', 'accept, accept-encoding')
    if (!wantsHtml(request)) return pointers
    // The names of assets change with their content, so only this file has to be asked for again.
    reply.header('cache-control', 'no-cache')
    if (files === null) return reply.type('text/html; charset=utf-8').send(notBuilt)
    reply.header('content-security-policy', dashboardPolicy)
    return send(request, reply, files.index)
  })

  app.get<{ Params: { file: string } }>(
    '/assets/:file',
    { config: { scope: 'none' }, schema: { hide: true } },
    async (request, reply) => {
      const file = files?.assets.get(request.params.file)
      if (file === undefined) throw new AppError('not_found', 'The page has no such file; load it again.')
      reply.header('cache-control', 'public, max-age=31536000, immutable')
      return send(request, reply, file)
    },
  )
}
