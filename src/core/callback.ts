/** How OSS writes the body of its call and replaces variables in it: as URL-encoded text, or as JSON values. */
export const callbackBodyTypes = ['application/x-www-form-urlencoded', 'application/json'] as const
export type CallbackBodyType = (typeof callbackBodyTypes)[number]

/** A POST that OSS makes once the object is there. The answer to it becomes OSS's answer to the upload. */
export interface Callback {
  /** Up to five URLs, separated by semicolons. OSS tries one after the other until one answers 200. */
  readonly url: string
  /** The Host header of the call. Null means the host of the URL. */
  readonly host: string | null
  /** The body may hold variables: `${bucket}`, `${object}`, `${etag}`, `${size}`, `${mimeType}`, `${x:name}`. */
  readonly body: string
  readonly bodyType: CallbackBodyType
  /** These are the values of the variables `x:...`. Their names are in lower case. */
  readonly vars: Readonly<Record<string, string>>
}

/** A callback as a request asks for it. The names of variables may begin with `x:` or not. */
export interface CallbackRequest {
  readonly url: string
  readonly host?: string | null | undefined
  readonly body: string
  readonly bodyType?: CallbackBodyType | undefined
  readonly vars?: Readonly<Record<string, string>> | undefined
}

const varPrefix = 'x:'
const fullName = (name: string): string => (name.startsWith(varPrefix) ? name : varPrefix + name)

export const callbackOf = (request: CallbackRequest): Callback => ({
  url: request.url,
  host: request.host ?? null,
  body: request.body,
  bodyType: request.bodyType ?? 'application/x-www-form-urlencoded',
  vars: Object.fromEntries(Object.entries(request.vars ?? {}).map(([name, value]) => [fullName(name), value])),
})

/**
 * Returns what OSS reads in `x-oss-callback` and, unless it is null, in `x-oss-callback-var`. Both are JSON and travel
 * as base64.
 */
export const callbackTexts = ({
  url,
  host,
  body,
  bodyType,
  vars,
}: Callback): { readonly callback: string; readonly vars: string | null } => ({
  callback: JSON.stringify({
    callbackUrl: url,
    ...(host === null ? {} : { callbackHost: host }),
    callbackBody: body,
    callbackBodyType: bodyType,
  }),
  vars: Object.keys(vars).length === 0 ? null : JSON.stringify(vars),
})

const maxUrls = 5
/** This bound holds for each of the two headers, as base64. */
const maxEncodedBytes = 5 * 1024
const encodedBytes = (text: string): number => 4 * Math.ceil(new TextEncoder().encode(text).length / 3)

const urlProblem = (text: string): string | null => {
  const urls = text.split(';')
  if (urls.length > maxUrls) return `must be at most ${maxUrls} URLs, separated by semicolons`
  for (const url of urls) {
    // OSS takes an address without a scheme for http.
    const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`
    if (!/^[\x21-\x7e]+$/.test(url) || !URL.canParse(whole)) return 'must hold http or https URLs, URL-encoded'
    const { protocol, username, password, hash } = new URL(whole)
    if (protocol !== 'http:' && protocol !== 'https:') return 'must hold http or https URLs'
    if (username !== '' || password !== '') return 'must not hold a user name or password'
    if (hash !== '') return 'must not hold a fragment'
  }
  return null
}

const isJsonTemplate = (body: string): boolean => {
  try {
    JSON.parse(body.replaceAll(/\$\{[^}]*\}/g, '0'))
    return true
  } catch {
    return false
  }
}

/** Returns what is wrong with a callback, by field. The list is empty when OSS will take it. The rules are OSS's. */
export const callbackProblems = (
  request: CallbackRequest,
): readonly { readonly path: readonly string[]; readonly message: string }[] => {
  const problems: { path: string[]; message: string }[] = []
  const blame = (message: string | null, ...path: string[]): void => {
    if (message !== null) problems.push({ path, message })
  }
  const callback = callbackOf(request)
  blame(urlProblem(callback.url), 'url')
  if (callback.host !== null && !/^[a-zA-Z0-9.-]{1,255}(:\d{1,5})?$/.test(callback.host))
    blame('must be a host name', 'host')
  if (callback.body === '') blame('must not be empty', 'body')
  else if (callback.bodyType === 'application/json' && !isJsonTemplate(callback.body)) {
    blame('must be JSON with variables in place of values, without quotes around them', 'body')
  }
  const names = Object.keys(request.vars ?? {})
  for (const name of names) {
    if (!/^(x:)?[a-z0-9_.-]+$/.test(name)) {
      blame('must be named in lower case: letters, digits and _ . - (x: before it is added)', 'vars', name)
    } else if (name.startsWith(varPrefix) && names.includes(name.slice(varPrefix.length))) {
      blame('is given twice: with x: and without', 'vars', name)
    }
  }
  const texts = callbackTexts(callback)
  const tooLong = `must be at most ${maxEncodedBytes} bytes as base64 of JSON`
  if (encodedBytes(texts.callback) > maxEncodedBytes) blame(tooLong)
  if (texts.vars !== null && encodedBytes(texts.vars) > maxEncodedBytes) blame(tooLong, 'vars')
  return problems
}
