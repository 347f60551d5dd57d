import { z } from 'zod'

/*
 * Fields that many shapes have. A test has the compiler compare the shapes of answers with the views' own types, so
 * answers need no validation at run time: the views are built field by field.
 */

/** An instant in an answer. */
export const instant = z.string().meta({ format: 'date-time' })

/** An instant in a request; its output is milliseconds since the epoch. */
export const askedInstant = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 instant with Z or an offset, like 2026-01-01T00:00:00Z' })
  .transform((text) => Date.parse(text))

export const size = z.int().min(0)

export const crc64 = z.string().describe('CRC-64/XZ, decimal.')

/** A string that a rule of core judges: null when it is fine, else a sentence that continues the field's name. */
export const ruled = (problem: (text: string) => string | null) =>
  z.string().superRefine((text, context) => {
    const message = problem(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

/** One page of a list. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item).readonly(), nextCursor: z.string().nullable().describe('Null at the end.') })

/** The answer without a body. */
export const nothingSchema = z.null()
