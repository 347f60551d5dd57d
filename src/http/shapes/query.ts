import { z } from 'zod'
import { parseDurationMs } from '../../core/units.js'
import type { PageRequest } from '../../ports/page.js'

export const idParamsSchema = z.object({ id: z.string().max(1024) })
export const noQuerySchema = z.strictObject({})

const asArray = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)

/** A parameter that may repeat; its output is a list of texts. */
export const repeatable = z
  .union([z.string(), z.array(z.string())], { error: 'must be text' })
  .transform((value) => asArray(value))

/** A parameter that may repeat or hold commas; its output is a list of texts. */
export const commaList = repeatable.transform((texts) => texts.flatMap((text) => text.split(',')))

/** Ids that may repeat or hold commas. */
export const idList = (most: number) =>
  commaList
    .pipe(z.array(z.string().min(1).max(100)).max(most))
    .meta({ type: 'array', items: { type: 'string' }, maxItems: most, description: 'May repeat or hold commas.' })

const limit = z
  .string()
  .regex(/^\d{1,9}$/, 'must be an integer')
  .transform(Number)
  .pipe(z.int().min(1).max(1000))
  .default(100)
  .meta({ type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'Items per page; 100 by default.' })

const cursor = z.string().min(1).max(1024).optional().describe('`nextCursor` of the page before.')

export const pageFields = { limit, cursor }

export const pageQuerySchema = z.strictObject(pageFields)

type PageQuery = z.infer<typeof pageQuerySchema>

export const pageRequestOf = ({ limit, cursor }: PageQuery): PageRequest => ({ limit, cursor: cursor ?? null })

export const longestWaitMs = 55_000

/**
 * A duration as the settings take it; its output is milliseconds. A duration over 55 s is clamped, so that proxies do not
 * cut the answer off.
 */
export const waitMs = z
  .string()
  .transform((text, context) => {
    const ms = parseDurationMs(text)
    if (ms !== null) return Math.min(ms, longestWaitMs)
    context.addIssue({ code: 'custom', message: 'must be a duration like 30, 250ms, 30s, 5m or 1h' })
    return z.NEVER
  })
  .describe(
    'Answer when the job is settled, at the latest after this duration: `30`, `250ms`, `30s`, `5m`, `1h`. ' +
      'A longer one counts as 55 s.',
  )
