/** This is a refusal by the daemon, as the daemon explains it. With `status` 0 the daemon did not answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly fields: readonly { readonly path: string; readonly message: string }[]

  constructor(
    status: number,
    code: string,
    detail: string,
    fields: readonly { readonly path: string; readonly message: string }[] = [],
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.fields = fields
  }
}

/** Returns whether the next try may well succeed. */
export const passes = ({ status }: ApiProblem): boolean => status === 0 || status === 429 || status >= 500

interface ProblemBody {
  readonly code?: string
  readonly title?: string
  readonly detail?: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

const problemOf = async (answer: Response): Promise<ApiProblem> => {
  const body: ProblemBody = await answer.json().catch(() => ({}))
  const detail = body.detail ?? body.title ?? `The daemon answered ${answer.status}.`
  return new ApiProblem(answer.status, body.code ?? 'unknown', detail, body.errors ?? [])
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/**
 * Paths are relative to the page (`v1/jobs`), so that the page works below any prefix. The methods throw ApiProblem.
 */
export interface Api {
  get<T>(path: string): Promise<T>
  send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>
}

/** Creates the API. `onUnauthorized` is called when the daemon wants a token. */
export const createApi = (onUnauthorized: () => void): Api => {
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    let answer: Response
    try {
      answer = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' })
      // The daemon may also go away in the middle of its answer.
      if (answer.ok) return (answer.status === 204 ? null : await answer.json()) as T
    } catch {
      throw new ApiProblem(0, 'unreachable', 'The daemon does not answer at the moment.')
    }
    const problem = await problemOf(answer)
    if (answer.status === 401 && path !== 'v1/session') onUnauthorized()
    throw problem
  }

  return {
    get: (path) => ask(path, {}),
    send: (method, path, body) =>
      ask(
        path,
        body === undefined
          ? { method }
          : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      ),
  }
}
