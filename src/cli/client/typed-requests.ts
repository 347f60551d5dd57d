import type { HttpClient, RequestOptions } from './http-client.js'
import type { components, paths } from './openapi-types.js'

export type Schemas = components['schemas']

type Method = 'get' | 'post' | 'patch' | 'delete'
type PathWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths]
type OperationAt<M extends Method, P extends keyof paths> = paths[P] extends Record<M, infer O> ? O : never

type QueryOf<O> = O extends { readonly parameters: { readonly query?: infer Q } } ? OrNothing<NonNullable<Q>> : never
type OrNothing<Q> = { readonly [Name in keyof Q]?: Q[Name] | null | undefined }
type BodyOf<O> = O extends { readonly requestBody?: { readonly content: { readonly 'application/json': infer B } } }
  ? B
  : undefined
type Json<R> = R extends { readonly content: { readonly 'application/json': infer A } } ? A : undefined
type AnswerOf<O> = O extends { readonly responses: infer R } ? Json<R[keyof R]> : never

interface Asked<O> extends Omit<RequestOptions, 'query' | 'body'> {
  /** This id replaces `{id}` in the path. */
  readonly id?: string
  readonly query?: QueryOf<O>
  readonly body?: BodyOf<O>
}

/**
 * Makes one request of the OpenAPI document. A path, a query, a body or a field of the answer that the document does
 * not have does not compile. It throws as HttpClient does.
 */
export type Ask = <M extends Method, P extends PathWith<M>>(
  method: M,
  path: P,
  options: Asked<OperationAt<M, P>>,
) => Promise<AnswerOf<OperationAt<M, P>>>

type Pair = [string, string]

/**
 * The values of these parameters have no commas, so they are joined by commas. Then hundreds of ids still make a short
 * URL.
 */
const joined: readonly string[] = ['job', 'state']

/**
 * Returns the pairs of the query. The values of other lists are repeated, and what is null or undefined is left out.
 */
const queryPairs = (query: object): Pair[] =>
  Object.entries(query).flatMap(([name, value]) => {
    const values: readonly unknown[] = [value].flat().filter((one) => one !== undefined && one !== null)
    if (values.length > 1 && joined.includes(name)) return [[name, values.join(',')] satisfies Pair]
    return values.map((one): Pair => [name, String(one)])
  })

export const createAsk =
  (client: HttpClient): Ask =>
  async (method, path, { id = '', query = {}, ...options }) => {
    const url = path.replace('{id}', encodeURIComponent(id))
    const verb = method.toUpperCase() as Uppercase<typeof method>
    // The daemon is trusted to keep to its document, because a test checks every answer against it.
    return (await client.request(verb, url, { ...options, query: queryPairs(query) })) as never
  }
