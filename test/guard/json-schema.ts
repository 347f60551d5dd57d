/**
 * This is JSON Schema as far as our OpenAPI document uses it. Another keyword throws, so that nothing is passed over in
 * silence.
 */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
}

const known = new Set(
  `$ref type const enum anyOf oneOf allOf properties required additionalProperties propertyNames items minItems maxItems
  minimum maximum exclusiveMinimum minLength maxLength maxProperties pattern format description examples default title
  deprecated contentMediaType contentSchema`.split(/\s+/),
)

export type Schemas = Readonly<Record<string, JsonSchema>>

export const resolve = (schema: JsonSchema, schemas: Schemas): JsonSchema => {
  if (schema.$ref === undefined) return schema
  const found = schemas[schema.$ref.replace('#/components/schemas/', '')]
  if (found === undefined) throw new Error(`nothing is at ${schema.$ref}`)
  return found
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

const hasType = (value: unknown, types: readonly string[]): boolean =>
  types.includes(typeOf(value)) || (typeof value === 'number' && types.includes('number'))

const objectProblems = (value: Record<string, unknown>, schema: JsonSchema, schemas: Schemas, at: string): string[] => {
  const { properties = {}, required = [], additionalProperties } = schema
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`)
  const wrong = Object.entries(value).flatMap(([name, member]) => {
    const path = `${at}.${name}`
    const own = properties[name]
    if (own !== undefined) return problemsOf(member, own, schemas, path)
    if (typeof additionalProperties === 'object') return problemsOf(member, additionalProperties, schemas, path)
    // Our answers hold what they say and nothing else, whether or not the schema forbids it.
    return [`${path} is not in the document`]
  })
  return [...missing, ...wrong]
}

/** Returns why a value is not what a schema says. The list is empty when it is. */
export const problemsOf = (value: unknown, given: JsonSchema, schemas: Schemas, at = ''): string[] => {
  const schema = resolve(given, schemas)
  const strange = Object.keys(schema).filter((keyword) => !known.has(keyword) && !keyword.startsWith('x-'))
  if (strange.length > 0) throw new Error(`the checker does not know ${strange.join(', ')}`)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined && !choices.some((choice) => problemsOf(value, choice, schemas, at).length === 0)) {
    return [`${at} is none of its choices`]
  }
  if (schema.const !== undefined && value !== schema.const) return [`${at} is not ${schema.const}`]
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at} is none of ${schema.enum}`]
  if (schema.type !== undefined && !hasType(value, [schema.type].flat())) return [`${at} is no ${schema.type}`]
  if (typeof value === 'number' && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value))) {
    return [`${at} is out of its bounds`]
  }
  if (typeof value === 'string' && schema.format === 'date-time' && !/^\d{4}-.+Z$/.test(value))
    return [`${at} is no instant`]
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => problemsOf(item, schema.items ?? {}, schemas, `${at}[${index}]`))
  }
  if (typeof value === 'object' && value !== null && choices === undefined) {
    return objectProblems(value as Record<string, unknown>, schema, schemas, at)
  }
  return []
}
