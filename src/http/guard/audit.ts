import type { FastifyRequest } from 'fastify'

/** The ids in a path, which say what was meant; never the rest of a URL. */
const idsOf = (params: unknown): object => (typeof params === 'object' && params !== null ? { ...params } : {})

/**
 * One line for every request by which the holder of a token changed something or tried to: who, what, and what came of
 * it. Without tokens there is nobody to name.
 */
export const logAudit = (request: FastifyRequest, status: number): void => {
  const { caller, method, params, routeOptions } = request
  if (caller?.name == null || method === 'GET' || method === 'HEAD') return
  request.log.info({ by: caller.name, method, route: routeOptions.url, ...idsOf(params), status }, 'A token was used')
}
