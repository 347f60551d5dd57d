import { z } from 'zod'
import { appErrorCodes } from '../../core/app-error.js'
import { titled } from '../server/problem.js'
import { example } from './examples.js'
import { problemFields } from './problems.js'

export const versionSchema = z.object({ version: z.string(), commit: z.string().nullable() })

const checkSchema = z.object({ ok: z.boolean(), code: z.enum(appErrorCodes).optional() })
const checks = z.record(z.string(), checkSchema).describe('What was looked at, by name.')

/** One thing that a probe looked at; `code` says why it is not ok. */
export type Check = z.infer<typeof checkSchema>

export const probeSchema = z.object({ status: z.literal('ok'), checks })

export const probeProblemSchema = z
  .object({ ...problemFields, checks })
  .describe('A probe that fails: problem details with what was looked at.')

/** The text format of Prometheus. */
export const metricsTextSchema = z.string().describe('One sample per line, in the text format of Prometheus.')

const ok = { ok: true }

example(versionSchema, { version: '1.0.0', commit: '73ed9c9' })
example(probeSchema, { status: 'ok', checks: { accepting: ok, store: ok } })
example(probeProblemSchema, {
  ...titled(503, 'draining', 'The daemon is draining and takes no new jobs.'),
  checks: { accepting: { ok: false, code: 'draining' }, store: ok },
})
example(
  metricsTextSchema,
  '# HELP longshore_jobs Stored jobs by state.\n# TYPE longshore_jobs gauge\nlongshore_jobs{state="running"} 9\n',
)
