import fc from 'fast-check'
import { type JsonSchema, resolve, type Schemas } from './json-schema.js'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: JsonSchema
}

export interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }>
  >
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Schemas }
}

export interface FuzzedRequest {
  readonly method: string
  readonly pattern: string
  readonly operation: Operation
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** These values tend to be mistaken for something else. */
const nasty = fc.constantFrom<unknown>(
  null,
  true,
  '',
  ' ',
  0,
  -1,
  1,
  1.5,
  1e21,
  2 ** 53,
  -(2 ** 63),
  [],
  {},
  [[]],
  'null',
  '\0',
  '\ud800',
  '../..',
  '/etc/passwd',
  '%00',
  '%2e%2e%2f',
  "' OR 1=1 --",
  '9'.repeat(400),
  'é'.repeat(700),
  '__proto__',
  'constructor',
  '{"a":1}',
  '2026-01-01T00:00:00Z',
  '18446744073709551616',
)

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)

/** These values lead further in than chance does, by the name of their field. */
export type Hints = Readonly<Record<string, readonly unknown[]>>

/**
 * Returns requests for every operation of the document: most fields are as their schema says, and some as no schema
 * would.
 */
export const requestsOf = (document: OpenApi, hints: Hints, token: string): fc.Arbitrary<FuzzedRequest> => {
  const { schemas } = document.components

  const plain = (given: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
    const schema = resolve(given, schemas)
    const choices = schema.anyOf ?? schema.oneOf
    if (choices !== undefined) return fc.oneof(...choices.map((choice) => plain(choice, depth)))
    if (schema.const !== undefined) return fc.constant(schema.const)
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
    switch ([schema.type].flat()[0]) {
      case 'object':
        return objectOf(schema, depth)
      case 'array':
        return fc.array(fieldOf('', schema.items ?? {}, depth + 1), { maxLength: 4 })
      case 'integer':
      case 'number': {
        const { minimum = -1000, maximum = 1000 } = schema
        return fc.oneof(
          fc.integer({ min: minimum, max: maximum }),
          fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1),
        )
      }
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      default:
        return schema.format === 'date-time'
          ? fc
              .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') })
              .map((date) => date.toISOString())
          : text
    }
  }

  const objectOf = (schema: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
    const { properties = {}, required = [], additionalProperties } = schema
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, fieldOf(name, member, depth + 1)]),
    )
    const named = fc.record(members, { requiredKeys: [...required] })
    const more = typeof additionalProperties === 'object' ? plain(additionalProperties, depth + 1) : nasty
    const extra = fc.dictionary(text, more, { maxKeys: typeof additionalProperties === 'object' ? 4 : 1 })
    const weight = typeof additionalProperties === 'object' ? 20 : 1
    return fc.oneof(
      { weight: 20, arbitrary: named },
      { weight, arbitrary: fc.tuple(named, extra).map(([a, b]) => ({ ...b, ...(a as object) })) },
    )
  }

  const fieldOf = (name: string, schema: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
    const options: { weight: number; arbitrary: fc.Arbitrary<unknown> }[] = [
      { weight: 12, arbitrary: plain(schema, depth) },
      { weight: 1, arbitrary: nasty },
    ]
    const known = hints[name]
    if (known !== undefined) options.push({ weight: 40, arbitrary: fc.constantFrom(...known) })
    return fc.oneof(...options)
  }

  const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  const encode = (value: unknown): string => encodeURIComponent(asText(value).replace(/\p{Surrogate}/gu, '?'))
  /** Returns what HTTP lets through in a header. Other characters are a matter of raw sockets. */
  const asHeader = (value: unknown): string =>
    asText(value)
      .replace(/[^\x20-\x7e]/g, '')
      .trim()

  const requestOf = (pattern: string, method: string, operation: Operation): fc.Arbitrary<FuzzedRequest> => {
    const { parameters = [] } = operation
    const valuesIn = (place: string) =>
      fc.record(
        Object.fromEntries(
          parameters.filter((each) => each.in === place).map((each) => [each.name, fieldOf(each.name, each.schema, 0)]),
        ),
        { requiredKeys: place === 'path' ? undefined : [] } as { requiredKeys?: [] },
      )
    const strayQuery = fc.oneof(
      { weight: 30, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(text, nasty, { maxKeys: 2 }) },
    )
    const schema = operation.requestBody?.content['application/json']?.schema
    const body =
      schema === undefined
        ? fc.constant(null)
        : fc.oneof(
            { weight: 30, arbitrary: fieldOf('', schema, 0).map((value) => JSON.stringify(value) ?? '') },
            { weight: 1, arbitrary: text },
          )
    const authorization = fc.oneof(
      { weight: 60, arbitrary: fc.constant(`Bearer ${token}`) },
      { weight: 1, arbitrary: text.map((junk) => `Bearer ${asHeader(junk)}`) },
    )
    const type = fc.oneof(
      { weight: 40, arbitrary: fc.constant('application/json') },
      { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'x') },
    )
    return fc
      .record({
        path: valuesIn('path'),
        query: valuesIn('query'),
        stray: strayQuery,
        headers: valuesIn('header'),
        body,
        authorization,
        type,
      })
      .map(({ path, query, stray, headers, body, authorization, type }) => {
        const search = Object.entries({ ...stray, ...query })
          .flatMap(([name, value]) =>
            (Array.isArray(value) ? value : [value]).map((each) => `${encode(name)}=${encode(each)}`),
          )
          .join('&')
        const filled = pattern.replace(/\{(\w+)\}/g, (_, name: string) =>
          // A segment of dots alone would make every client ask for another address.
          encode((path as Record<string, unknown>)[name]).replace(/^\.+$/, 'dots'),
        )
        return {
          method: method.toUpperCase(),
          pattern,
          operation,
          path: search === '' ? filled : `${filled}?${search}`,
          headers: {
            authorization,
            ...(body === null ? {} : { 'content-type': type }),
            ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, asHeader(value)])),
          },
          body,
        }
      })
  }

  const operations = Object.entries(document.paths).flatMap(([pattern, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestOf(pattern, method, operation)),
  )
  return fc.oneof(...operations)
}
