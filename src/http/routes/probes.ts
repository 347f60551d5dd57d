import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError } from '../../core/app-error.js'
import type { Drain } from '../../engine/use-cases/drain.js'
import type { Clock } from '../../ports/clock.js'
import type { StoreUpkeep } from '../../ports/upkeep-store.js'
import { answerProblem, problemOf } from '../server/problem.js'
import { openProblems } from '../shapes/problems.js'
import { noQuerySchema } from '../shapes/query.js'
import { type Check, probeProblemSchema, probeSchema } from '../shapes/system.js'

export interface ProbeRoutesDeps {
  readonly store: Pick<StoreUpkeep, 'check'>
  readonly clock: Clock
  readonly drain: Pick<Drain, 'refusal'>
}

/** A probe takes a store that is silent for so long as one that does not answer. */
const patienceMs = 5000

/** What was looked at, each with the error that was found; null when it is well. */
type Findings = Readonly<Record<string, AppError | null>>

const answerOf = (findings: Findings) => {
  const entries = Object.entries(findings)
  const checks: Record<string, Check> = Object.fromEntries(
    entries.map(([name, error]) => [name, error === null ? { ok: true } : { ok: false, code: error.code }]),
  )
  const worst = entries.map(([, error]) => error).find((error) => error !== null)
  if (worst === undefined || worst === null) return { ok: true, body: { status: 'ok' as const, checks } } as const
  // The status is 503 whatever the reason, because orchestrators look for that.
  return { ok: false, body: { ...problemOf(worst, 503), checks } } as const
}

/** `/livez` and `/readyz`, for orchestrators. OSS being down flips neither. */
export const probeRoutes = (instance: FastifyInstance, { store, clock, drain }: ProbeRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  const storeFinding = async (): Promise<AppError | null> => {
    const over = new AbortController()
    const answer = store.check().then(
      () => null,
      (cause: unknown) =>
        cause instanceof AppError ? cause : new AppError('storage_unavailable', 'The database fails.', { cause }),
    )
    const silence = clock.sleep(patienceMs, over.signal).then(
      () => new AppError('storage_unavailable', 'The database does not answer.'),
      () => null,
    )
    return Promise.race([answer, silence]).finally(() => over.abort())
  }

  const probes = {
    '/livez': {
      operationId: 'isLive',
      summary: 'Does the process work?',
      description:
        'The event loop and the database answer. A full disk is no reason to restart, nor is a lock that another process holds.',
      look: async (): Promise<Findings> => {
        const finding = await storeFinding()
        const mendsItself = finding?.code === 'storage_full' || finding?.details.momentary === true
        return { store: mendsItself ? null : finding }
      },
    },
    '/readyz': {
      operationId: 'isReady',
      summary: 'Can it take work?',
      description: 'Not while it drains, its disk is full or its database is down.',
      look: async (): Promise<Findings> => ({
        accepting: drain.refusal(),
        store: await storeFinding(),
      }),
    },
  }

  for (const [url, { look, ...schema }] of Object.entries(probes)) {
    app.get(
      url,
      {
        config: { scope: 'none' },
        schema: {
          ...schema,
          tags: ['system'],
          security: [],
          querystring: noQuerySchema,
          response: { ...openProblems(), 200: probeSchema, 503: probeProblemSchema },
        },
      },
      async (_request, reply) => {
        const { ok, body } = answerOf(await look())
        reply.header('cache-control', 'no-store')
        return ok ? body : answerProblem(reply, body)
      },
    )
  }
}
