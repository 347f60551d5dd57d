import type { RouteScope } from '../../src/http/guard/auth.js'

/**
 * This is what the contract asks for each route, written down by hand. A route that is not here, or that asks for
 * something else, is a defect of one of the two. A GET is answered to HEAD too, on the same terms. The routes below
 * `/docs` are the library's.
 */
export const routeLaw: readonly (readonly [route: string, scope: RouteScope])[] = [
  ['GET /', 'none'],
  ['GET /assets/:file', 'none'],
  ['GET /livez', 'none'],
  ['GET /openapi.json', 'none'],
  ['GET /readyz', 'none'],
  ['POST /v1/session', 'none'],
  ['DELETE /v1/session', 'none'],

  ['GET /metrics', 'read'],
  ['DELETE /v1/batches/:id', 'submit'],
  ['GET /v1/batches', 'read'],
  ['GET /v1/batches/:id', 'read'],
  ['GET /v1/batches/:id/files', 'read'],
  ['GET /v1/batches/:id/jobs', 'read'],
  ['GET /v1/batches/:id/manifest', 'read'],
  ['GET /v1/batches/:id/problems', 'read'],
  ['GET /v1/events', 'read'],
  ['GET /v1/jobs', 'read'],
  ['GET /v1/jobs/:id', 'read'],
  ['GET /v1/jobs/:id/events', 'read'],
  ['GET /v1/jobs/:id/parts', 'read'],
  ['GET /v1/nodes', 'read'],
  ['GET /v1/settings', 'read'],
  ['GET /v1/stats', 'read'],
  ['GET /v1/stats/history', 'read'],
  ['GET /v1/verbs', 'read'],
  ['GET /v1/verbs/:id', 'read'],
  ['GET /v1/version', 'read'],
  ['GET /v1/wait', 'read'],
  ['GET /v1/webhooks', 'read'],

  ['POST /v1/batches', 'submit'],
  ['POST /v1/batches/:id/cancel', 'submit'],
  ['POST /v1/batches/:id/pause', 'submit'],
  ['POST /v1/batches/:id/resume', 'submit'],
  ['POST /v1/batches/:id/retry', 'submit'],
  ['POST /v1/jobs', 'submit'],
  ['POST /v1/jobs/cancel', 'submit'],
  ['POST /v1/jobs/pause', 'submit'],
  ['POST /v1/jobs/resume', 'submit'],
  ['POST /v1/jobs/retry', 'submit'],
  ['PATCH /v1/jobs/:id', 'submit'],
  ['DELETE /v1/jobs/:id', 'submit'],
  ['POST /v1/jobs/:id/cancel', 'submit'],
  ['POST /v1/jobs/:id/pause', 'submit'],
  ['POST /v1/jobs/:id/resume', 'submit'],
  ['POST /v1/jobs/:id/retry', 'submit'],
  ['POST /v1/webhooks/:id/redeliver', 'submit'],

  ['GET /v1/orphans', 'admin'],
  ['POST /v1/orphans/abort', 'admin'],
  ['POST /v1/drain', 'admin'],
  ['DELETE /v1/drain', 'admin'],
  ['PATCH /v1/settings', 'admin'],
]
