import { Agent, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { includesScope, type Scope, scopes } from '../../src/core/caller.js'
import type { RouteScope } from '../../src/http/guard/auth.js'
import { createHarness, fixedTokens, type Harness, realClock, tokenOf } from '../http/harness.js'
import { routeLaw } from './route-law.js'

type Route = ReturnType<Harness['app']['routeScopes']>[number]

/** These say who asks, from where, and on whose page. Null means that the header is absent. */
const tokens = [null, 'wrong', ...scopes] as const
const hosts = ['localhost', 'evil.example', null] as const
const origins = [null, 'http://localhost', 'https://evil.example', 'null'] as const
const sites = [null, 'same-origin', 'cross-site'] as const

interface Cell {
  readonly token: (typeof tokens)[number]
  readonly host: (typeof hosts)[number]
  readonly origin: (typeof origins)[number]
  readonly site: (typeof sites)[number]
}

/** A page has an origin or a site or neither. */
const pages = [
  ...origins.map((origin) => ({ origin, site: null })),
  ...sites.slice(1).map((site) => ({ origin: null, site })),
]

const cells = tokens.flatMap((token) => hosts.flatMap((host) => pages.map((page): Cell => ({ token, host, ...page }))))

/** Returns whether a route asks for a token itself. */
const asksItself = (route: Route): boolean => route.method === 'POST' && route.url === '/v1/session'

const isHeld = (token: Cell['token']): token is Scope => token !== null && token !== 'wrong'

/**
 * Returns the status that the law requires, in the order of refusals. Null means that the request is let through,
 * whatever comes of it.
 */
const expected = (route: Route, scope: RouteScope, { token, host, origin, site }: Cell): number | null => {
  if (host === null) return 400
  if (host !== 'localhost') return 421
  if ((origin !== null && origin !== 'http://localhost') || site === 'cross-site') return 403
  if (asksItself(route)) return isHeld(token) ? null : 401
  if (scope === 'none') return null
  if (!isHeld(token)) return 401
  return includesScope(token, scope) ? null : 403
}

/** This is the law by method and address. */
const law = new Map<string, RouteScope>(
  routeLaw.flatMap(([route, scope]) => [
    [route, scope] as const,
    ...(route.startsWith('GET ') ? [[route.replace('GET', 'HEAD'), scope] as const] : []),
  ]),
)

const routesUnderLaw = (): readonly Route[] =>
  [...law].map(([route, scope]) => {
    const [method = '', url = ''] = route.split(' ')
    return { method, url, scope }
  })

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
let harness: Harness
let port: number
beforeAll(async () => {
  harness = await createHarness({
    tokens: fixedTokens(scopes.map((scope) => tokenOf(scope, `${scope}-secret`))),
    // Thousands of wrong tokens are asked here. The delay of two seconds at most that holds them back is tested
    // elsewhere.
    clock: { ...realClock, sleep: async (ms, signal) => (ms > 2_000 ? realClock.sleep(ms, signal) : undefined) },
  })
  await harness.app.listen({ port: 0, host: '127.0.0.1' })
  port = (harness.app.server.address() as AddressInfo).port
})
afterAll(async () => {
  agent.destroy()
  await harness.app.close()
})

/** Returns the status of a request. Streams are left as soon as it is known. */
const ask = ({ method, url }: Route, { token, host, origin, site }: Cell): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers: Record<string, string> = {}
    if (token !== null) headers['authorization'] = `Bearer ${isHeld(token) ? `${token}-secret` : token}`
    if (host !== null) headers['host'] = host
    if (origin !== null) headers['origin'] = origin
    if (site !== null) headers['sec-fetch-site'] = site
    const path = url.replace(/:\w+/g, 'nope').replace('*', 'x')
    const client = httpRequest({ port, host: '127.0.0.1', method, path, headers, setHost: false, agent })
    client.once('response', (response) => {
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') ?? false
      response.once('close', () => resolve(response.statusCode ?? 0))
      if (isStream) response.destroy()
      else response.resume()
    })
    client.once('error', reject)
    client.end()
  })

const workings = (): number => harness.jobs.calls.length + harness.orphans.calls.length + harness.feed.listens.length

describe('The authorization table', () => {
  it('gives every route the scope of the contract', () => {
    const isOfDocs = ({ url }: Route): boolean => url.startsWith('/docs')
    const lines = (routes: readonly Route[]): string[] =>
      [...new Set(routes.map(({ method, url, scope }) => `${method} ${url} ${scope}`))].sort()
    const routes = harness.app.routeScopes()
    expect(lines(routes.filter((route) => !isOfDocs(route)))).toEqual(lines(routesUnderLaw()))
    expect(new Set(routes.filter(isOfDocs).map(({ scope }) => scope))).toEqual(new Set(['none']))
  })

  it('holds for every route, token, host, origin and site', { timeout: 300_000 }, async () => {
    const wrong: string[] = []
    let asked = 0
    const routes = routesUnderLaw()
    for (const route of routes) {
      for (const cell of cells) {
        const before = workings()
        const status = await ask(route, cell)
        asked += 1
        const due = expected(route, route.scope, cell)
        const isRight = due === null ? ![401, 403, 421].includes(status) : status === due && workings() === before
        if (!isRight) wrong.push(`${route.method} ${route.url} ${JSON.stringify(cell)}: ${status} instead of ${due}`)
      }
    }
    process.stdout.write(`R10: ${asked} cells of ${routes.length} routes, ${wrong.length} wrong\n`)
    expect(wrong).toEqual([])
  })
})
