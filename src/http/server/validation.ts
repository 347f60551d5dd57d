import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { AppError, type FieldError } from '../../core/app-error.js'

type RawIssue = Parameters<z.core.$ZodErrorMap>[0]

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)
const typeNames: Readonly<Record<string, string>> = { int: 'integer', record: 'object' }

/**
 * Returns what to do about an issue, as a sentence that continues the path of the field. Texts that the schemas have
 * themselves win over it.
 */
const explain = (issue: RawIssue, isQuery: boolean): string => {
  switch (issue.code) {
    case 'invalid_type':
      if (isQuery && Array.isArray(issue.input)) return 'must be given only once'
      return issue.input === undefined
        ? 'is required'
        : `must be ${article(typeNames[issue.expected] ?? issue.expected)}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`
    default:
      return 'is not valid'
  }
}

/** An answer names the first of the errors, because every item of a long list may be wrong. */
const mostErrors = 100

const fieldErrors = (issue: z.core.$ZodIssue): readonly FieldError[] => {
  const path = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }]
  return issue.keys.map((key) => ({
    path: [...path, key].join('.'),
    message: 'is not a known field',
  }))
}

const subjects: Readonly<Record<string, string>> = { body: 'The body', querystring: 'The query', params: 'The path' }

const invalid = (error: z.ZodError, subject: string): AppError => {
  const errors = error.issues.slice(0, mostErrors).flatMap(fieldErrors).slice(0, mostErrors)
  const detail = errors.map(({ path, message }) => `${path === '' ? subject : path} ${message}`).slice(0, 3)
  return new AppError('invalid_request', `${detail.join('; ')}.`, { errors })
}

/** Lets zod schemas validate requests. Every issue becomes one of the `errors` of the problem. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (input: unknown) => {
    const result = schema.safeParse(input, { error: (issue) => explain(issue, httpPart === 'querystring') })
    if (result.success) return { value: result.data }
    return { error: invalid(result.error, subjects[httpPart ?? ''] ?? 'The request') }
  }
