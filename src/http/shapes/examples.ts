import { z } from 'zod'

/*
 * Examples of answers. A schema that is named in the document may carry its example itself; those below are shown with the
 * answers of routes only. A test holds each against its schema.
 */
const given = new Map<z.ZodType, unknown>()

/** Gives a schema the example that answers of routes are shown with, and returns it. */
export const example = <T extends z.ZodType, const V extends z.output<T>>(schema: T, value: V): V => {
  given.set(schema, value)
  return value
}

/** Returns the example that a schema carries itself, or undefined. */
const ownExample = (schema: z.ZodType): unknown =>
  (z.globalRegistry.get(schema)?.['examples'] as readonly unknown[] | undefined)?.[0]

/** Returns the example of a schema, or undefined when there is none. */
export const exampleOf = (schema: z.ZodType): unknown => given.get(schema) ?? ownExample(schema)
