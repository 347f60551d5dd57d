import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

/** What is no page of ours may load nothing, and nobody may frame it. The pages set their own policies. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
}

export type SafetyHeaders = Readonly<Record<string, string>>

/** Returns the headers of safety as helmet sets them. They are the same for every answer, so it is asked once. */
export const safetyHeaders = (): SafetyHeaders => {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  const set = helmet({ contentSecurityPolicy, strictTransportSecurity: false, frameguard: { action: 'deny' } })
  set(request, response, (error) => {
    if (error !== undefined) throw error
  })
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]))
}

/** Gives every answer of the routes the headers, also those that refuse. */
export const addSafetyHeaders = (app: Pick<FastifyInstance, 'addHook'>, headers: SafetyHeaders): void => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
