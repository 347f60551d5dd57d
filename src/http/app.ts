import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify'
import type { EventFeed } from '../engine/feed/event-feed.js'
import type { Batches } from '../engine/use-cases/batches.js'
import type { Drain } from '../engine/use-cases/drain.js'
import type { Jobs } from '../engine/use-cases/jobs.js'
import type { LiveSettings } from '../engine/use-cases/live-settings.js'
import type { Nodes } from '../engine/use-cases/nodes.js'
import type { Orphans } from '../engine/use-cases/orphans.js'
import type { WebhookOutbox } from '../engine/use-cases/outbox.js'
import type { Overview } from '../engine/use-cases/overview.js'
import type { Verbs } from '../engine/use-cases/verbs.js'
import type { Waits } from '../engine/use-cases/waits.js'
import type { Clock } from '../ports/clock.js'
import type { Tokens } from '../ports/tokens.js'
import type { StoreUpkeep } from '../ports/upkeep-store.js'
import { logAudit } from './guard/audit.js'
import { guardScopes } from './guard/auth.js'
import { createGuessBrake } from './guard/guess-brake.js'
import { guardOrigin } from './guard/origin-guard.js'
import { limitRates } from './guard/rate-limit.js'
import { createSessions } from './guard/sessions.js'
import type { Metrics } from './metrics/metrics.js'
import type { ApiDocument } from './openapi/api-document.js'
import { docsRoutes } from './openapi/docs-routes.js'
import { batchContentRoutes } from './routes/batch-contents.js'
import { batchVerbRoutes } from './routes/batch-verbs.js'
import { batchRoutes } from './routes/batches.js'
import { dashboardRoutes } from './routes/dashboard.js'
import { eventRoutes } from './routes/events.js'
import { jobVerbRoutes } from './routes/job-verbs.js'
import { jobRoutes } from './routes/jobs.js'
import { metricsRoutes } from './routes/metrics.js'
import { orphanRoutes } from './routes/orphans.js'
import { probeRoutes } from './routes/probes.js'
import { sessionRoutes } from './routes/session.js'
import { settingsRoutes } from './routes/settings.js'
import { systemRoutes } from './routes/system.js'
import { verbRoutes } from './routes/verbs.js'
import { waitRoutes } from './routes/waits.js'
import { webhookRoutes } from './routes/webhooks.js'
import type { DashboardFiles } from './server/dashboard-files.js'
import { assertPlain, parseJsonBody } from './server/json-body.js'
import { jsonText } from './server/json-text.js'
import { createLingering } from './server/lingering.js'
import { ignoreTypeOfNothing } from './server/no-body.js'
import { answerNotFound } from './server/not-found.js'
import { sendProblem } from './server/problem.js'
import { addSafetyHeaders, safetyHeaders } from './server/safety-headers.js'
import { limitConnections, refuseMalformed, serverOptions } from './server/server-limits.js'
import { createEventStreams } from './server/sse.js'
import { compileValidator } from './server/validation.js'

export interface AppDeps {
  readonly jobs: Jobs
  readonly batches: Batches
  readonly feed: EventFeed
  readonly orphans: Orphans
  readonly waits: Waits
  readonly drain: Drain
  readonly webhooks: WebhookOutbox
  readonly store: Pick<StoreUpkeep, 'check'>
  readonly overview: Overview
  readonly nodes: Nodes
  readonly metrics: Metrics
  readonly verbs: Verbs
  readonly settings: Pick<LiveSettings, 'view' | 'change'>
  readonly tokens: Tokens
  /** So often the holder of one token may ask in a minute; null or absent sets no limit. */
  readonly requestsPerMinute?: number | null
  /** Host names that are accepted beside `localhost` and IP literals. */
  readonly allowedHosts: readonly string[]
  readonly version: { readonly version: string; readonly commit?: string }
  /** The files of the dashboard; null or absent where it was not built. */
  readonly dashboard?: DashboardFiles | null
  /** What `/openapi.json` and `/docs` show. */
  readonly document: ApiDocument
  /** Is called before the routes are declared: so `npm run openapi` collects them. */
  readonly beforeRoutes?: (app: FastifyInstance) => Promise<void>
  readonly logger: FastifyBaseLogger
  readonly clock: Clock
  /** Silent event streams are looked for so often. One is silent for twice as long at the most. Default: 7 s. */
  readonly heartbeatMs?: number
  /** A reader of an event stream that leaves its buffer full for so long is cut. Default: 15 s. */
  readonly stallMs?: number
}

const bodyLimitBytes = 1024 * 1024

/** Creates the HTTP app, ready but not listening. Throws when a route declares no scope. */
export const createApp = async (deps: AppDeps): Promise<FastifyInstance> => {
  const { jobs, batches, store, clock, drain, waits, tokens, overview, metrics } = deps
  const safety = safetyHeaders()
  const app: FastifyInstance = fastify({
    loggerInstance: deps.logger,
    // The lines of fastify would hold whole URLs; our own line is below.
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request would cost more than most lines: a line that is about a request has its id.
    childLoggerFactory: (logger) => logger,
    bodyLimit: bodyLimitBytes,
    http: serverOptions,
    requestTimeout: serverOptions.requestTimeout,
    keepAliveTimeout: serverOptions.keepAliveTimeout,
    // While closing, requests under way on kept connections are still answered as usual.
    return503OnClosing: false,
    // A longer parameter cannot reach this point. What is no id is refused behind the guards, like everything else.
    routerOptions: { maxParamLength: serverOptions.maxHeaderSize },
    // No hook is asked about such requests.
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply.headers(safety)),
    clientErrorHandler: refuseMalformed,
  })

  limitConnections(app.server)

  const lingering = createLingering()
  const timing = { heartbeatMs: deps.heartbeatMs ?? 7_000, stallMs: deps.stallMs ?? 15_000 }
  const streams = createEventStreams({ clock, lingering, timing, readers: metrics })

  app.setErrorHandler(sendProblem)
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(() => jsonText)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    assertPlain(request.headers)
    return parseJsonBody(body)
  })
  ignoreTypeOfNothing(app)
  app.addHook('preClose', async () => lingering.endAll())
  app.addHook('onResponse', async (request, reply) => {
    const fields = { method: request.method, route: request.routeOptions.url, status: reply.statusCode }
    const seconds = reply.elapsedTime / 1000
    if (!lingering.isLingering(request)) metrics.answered({ ...fields, route: fields.route ?? 'none', seconds })
    const durationMs = Math.round(reply.elapsedTime)
    request.log.debug({ ...fields, reqId: request.id, durationMs }, 'A request was answered.')
    logAudit(request, reply.statusCode)
  })

  // The order of these lines is the order of refusals.
  addSafetyHeaders(app, safety)
  guardOrigin(app, deps.allowedHosts)
  answerNotFound(app)
  const limit = await limitRates(app, deps.requestsPerMinute ?? null)
  const sessions = createSessions(clock, tokens)
  const guard = guardScopes(app, { tokens, sessions, brake: createGuessBrake(clock), limit })
  const unsubscribe = tokens.subscribe(() => lingering.endWhere((request) => !guard.stillCounts(request)))
  app.addHook('onClose', async () => unsubscribe())

  await deps.beforeRoutes?.(app)
  await app.register(async (instance) => docsRoutes(instance, deps.document))
  await app.register(async (instance) => jobRoutes(instance, { jobs, lingering, drain }))
  await app.register(async (instance) => jobVerbRoutes(instance, jobs))
  await app.register(async (instance) => batchRoutes(instance, { batches, drain }))
  await app.register(async (instance) => batchContentRoutes(instance, { batches, jobs }))
  await app.register(async (instance) => batchVerbRoutes(instance, batches))
  await app.register(async (instance) => waitRoutes(instance, { waits, drain, lingering }))
  await app.register(async (instance) => eventRoutes(instance, { jobs, batches, feed: deps.feed, streams }))
  await app.register(async (instance) => webhookRoutes(instance, deps.webhooks))
  await app.register(async (instance) => sessionRoutes(instance, { tokens, sessions, guard }))
  await app.register(async (instance) => orphanRoutes(instance, deps.orphans))
  await app.register(async (instance) => systemRoutes(instance, { overview, nodes: deps.nodes, version: deps.version }))
  await app.register(async (instance) => metricsRoutes(instance, { metrics, overview }))
  await app.register(async (instance) => dashboardRoutes(instance, deps.dashboard ?? null))
  await app.register(async (instance) => verbRoutes(instance, deps.verbs))
  await app.register(async (instance) => settingsRoutes(instance, deps.settings))
  await app.register(async (instance) => probeRoutes(instance, { store, clock, drain }))
  await app.ready()
  return app
}
