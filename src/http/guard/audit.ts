import type { FastifyRequest } from 'fastify'

/** Returns the ids in a path, which say what was meant. The rest of a URL is never logged. */
const idsOf = (params: unknown): object => (typeof params === 'object' && params !== null ? { ...params } : {})

/**
 * Logs one line for every request by which the holder of a token changed something or tried to: who asked what, and what
 * came of it. A daemon without tokens has no holders to name, so it logs none.
 */
export const logAudit = (request: FastifyRequest, status: number): void => {
  const { caller, id, method, params, routeOptions } = request
  if (caller?.name == null || method === 'GET' || method === 'HEAD') return
  const what = { reqId: id, by: caller.name, method, route: routeOptions.url, ...idsOf(params), status }
  request.log.info(what, 'A token was used')
}
