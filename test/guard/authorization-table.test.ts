import { Agent, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { includesScope, type Scope, scopes } from '../../src/core/caller.js'
import type { RouteScope } from '../../src/http/auth.js'
import { createHarness, fixedTokens, type Harness, realClock, tokenOf } from '../http/harness.js'

type Route = ReturnType<Harness['app']['routeScopes']>[number]

/** Who asks, from where, and on whose page. Null: the header is absent. */
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

/** Routes that ask for a token themselves. */
const asksItself = (route: Route): boolean => route.method === 'POST' && route.url === '/v1/session'

const isHeld = (token: Cell['token']): token is Scope => token !== null && token !== 'wrong'

/** The law, in the order of refusals; null: let through, whatever comes of it. */
const expected = (route: Route, scope: RouteScope, { token, host, origin, site }: Cell): number | null => {
  if (host === null) return 400
  if (host !== 'localhost') return 421
  if ((origin !== null && origin !== 'http://localhost') || site === 'cross-site') return 403
  if (asksItself(route)) return isHeld(token) ? null : 401
  if (scope === 'none') return null
  if (!isHeld(token)) return 401
  return includesScope(token, scope) ? null : 403
}

/** The scopes that the contract gives; what is not here may be read with `read` and changed with `submit`. */
const special: readonly (readonly [RegExp, RouteScope])[] = [
  [/^\w+ (\/|\/livez|\/readyz|\/openapi\.json|\/docs.*|\/v1\/session|\/assets\/.*)$/, 'none'],
  [/^\w+ \/v1\/orphans/, 'admin'],
  [/^(POST|DELETE) \/v1\/drain$/, 'admin'],
  [/^PATCH \/v1\/settings$/, 'admin'],
]

const lawOf = ({ method, url }: Route): RouteScope => {
  const found = special.find(([pattern]) => pattern.test(`${method} ${url}`))
  if (found !== undefined) return found[1]
  return method === 'GET' || method === 'HEAD' ? 'read' : 'submit'
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
let harness: Harness
let port: number
beforeAll(async () => {
  harness = await createHarness({
    tokens: fixedTokens(scopes.map((scope) => tokenOf(scope, `${scope}-secret`))),
    // Thousands of wrong tokens are asked here: what holds them back for two seconds at most is tested elsewhere.
    clock: { ...realClock, sleep: async (ms, signal) => (ms > 2_000 ? realClock.sleep(ms, signal) : undefined) },
  })
  await harness.app.listen({ port: 0, host: '127.0.0.1' })
  port = (harness.app.server.address() as AddressInfo).port
})
afterAll(async () => {
  agent.destroy()
  await harness.app.close()
})

/** The status of a request; streams are left as soon as it is known. */
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
    const routes = harness.app.routeScopes()
    expect(routes.map(({ scope, ...route }) => ({ ...route, scope }))).toEqual(
      routes.map((route) => ({ method: route.method, url: route.url, scope: lawOf(route) })),
    )
    expect(routes.length).toBeGreaterThan(30)
  })

  it('holds for every route, token, host, origin and site', { timeout: 300_000 }, async () => {
    const wrong: string[] = []
    let asked = 0
    for (const route of harness.app.routeScopes()) {
      for (const cell of cells) {
        const before = workings()
        const status = await ask(route, cell)
        asked += 1
        const law = expected(route, route.scope, cell)
        const isRight = law === null ? ![401, 403, 421].includes(status) : status === law && workings() === before
        if (!isRight) wrong.push(`${route.method} ${route.url} ${JSON.stringify(cell)}: ${status} instead of ${law}`)
      }
    }
    process.stdout.write(`R10: ${asked} cells of ${harness.app.routeScopes().length} routes, ${wrong.length} wrong\n`)
    expect(wrong).toEqual([])
  })
})
