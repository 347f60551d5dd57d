import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { invalidArgument } from './oss-error.js'

/**
 * This is a POST that the server makes once an object is stored, as `x-oss-callback` and `x-oss-callback-var` ask for
 * it.
 */
export interface Callback {
  readonly urls: readonly string[]
  readonly host: string | null
  readonly body: string
  readonly bodyType: string
  readonly vars: ReadonlyMap<string, string>
}

/** These values replace the variables of the body. */
export interface CallbackFacts {
  readonly bucket: string
  readonly object: string
  readonly etag: string
  readonly size: number
  readonly mimeType: string
  readonly crc64: string
  readonly reqId: string
  readonly operation: string
}

/** This is the answer of the first address that gave a good one, or the reason why the last address did not. */
export type CallbackOutcome =
  | { readonly ok: true; readonly body: string; readonly contentType: string }
  | { readonly ok: false; readonly message: string }

const maxHeaderBytes = 5 * 1024
const maxUrls = 5
const maxAnswerBytes = 3 * 1024 * 1024
const answerWithinMs = 5_000
const bodyTypes = ['application/x-www-form-urlencoded', 'application/json']

const refuse = (name: string, message: string): never => {
  throw invalidArgument(name, '', message)
}

/**
 * Returns the JSON object of a header, whose values must be texts, or null without the header. It throws the refusals
 * of OSS.
 */
const readTexts = (headers: IncomingHttpHeaders, header: string): ReadonlyMap<string, unknown> | null => {
  const value = headers[header]
  if (value === undefined) return null
  const name = header.replace('x-oss-', '')
  const encoded = String(value)
  if (encoded.length > maxHeaderBytes) return refuse(name, `The ${name} configuration is too long.`)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return refuse(name, `The ${name} configuration is not base64 encoded.`)
  try {
    const parsed: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return new Map(Object.entries(parsed))
  } catch {
    // The code below refuses the text, whatever was wrong with it.
  }
  return refuse(name, `The ${name} configuration is not json format.`)
}

const textOf = (texts: ReadonlyMap<string, unknown>, name: string): string => {
  const value = texts.get(name) ?? ''
  return typeof value === 'string' ? value : refuse('callback', `${name} must be a string.`)
}

/**
 * Returns what the headers of a request ask for, or null when they ask for nothing. Throws InvalidArgument for what OSS
 * refuses.
 */
export const readCallback = (headers: IncomingHttpHeaders): Callback | null => {
  const texts = readTexts(headers, 'x-oss-callback')
  const given = readTexts(headers, 'x-oss-callback-var') ?? new Map<string, unknown>()
  if (texts === null) return null
  const urls = textOf(texts, 'callbackUrl')
    .split(';')
    .filter((url) => url !== '')
  if (urls.length === 0) return null
  if (urls.length > maxUrls) return refuse('callback', 'The number of callback urls exceeds the limit.')
  const body = textOf(texts, 'callbackBody')
  if (body === '') return refuse('callback', 'The callback body is empty.')
  const bodyType = textOf(texts, 'callbackBodyType') || 'application/x-www-form-urlencoded'
  if (!bodyTypes.includes(bodyType)) return refuse('callback', 'The callback body type is not supported.')
  const vars = new Map<string, string>()
  for (const [name, value] of given) {
    if (!/^x:[^A-Z]+$/.test(name)) return refuse('callback-var', 'A variable must begin with x: and be in lower case.')
    vars.set(name, String(value))
  }
  return { urls, host: textOf(texts, 'callbackHost') || null, body, bodyType, vars }
}

/** Returns the body with its variables replaced: URL-encoded, or as JSON values. Unknown variables become empty. */
export const renderCallbackBody = ({ body, bodyType, vars }: Callback, facts: CallbackFacts): string => {
  const known = new Map<string, string | number>([...Object.entries(facts), ...vars])
  return body.replaceAll(/\$\{([^}]*)\}/g, (_all, name: string) => {
    const value = known.get(name) ?? ''
    return bodyType === 'application/json' ? JSON.stringify(value) : encodeURIComponent(value)
  })
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)

const post = (address: string, callback: Callback, body: string): Promise<CallbackOutcome> =>
  new Promise((resolve) => {
    const fail = (message: string): void => resolve({ ok: false, message })
    const whole = /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
    const url = URL.canParse(whole) ? new URL(whole) : null
    if (url === null || url.protocol !== 'http:' || !isLoopback(url.hostname)) {
      fail('The emulator calls http addresses of this machine only.')
      return
    }
    const call = httpRequest(url, {
      method: 'POST',
      signal: AbortSignal.timeout(answerWithinMs),
      headers: {
        'content-type': callback.bodyType,
        'content-length': Buffer.byteLength(body),
        'user-agent': 'longshore-dev-oss-callback',
        ...(callback.host === null ? {} : { host: callback.host }),
      },
    })
    call.on('error', () => fail('Unable to connect to the callback server, or it took longer than 5 seconds.'))
    call.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('error', () => fail('The answer of the callback server broke off.'))
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > maxAnswerBytes) response.destroy(new Error('too long'))
      })
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        if (response.statusCode !== 200) return fail(`Error status : ${response.statusCode}.`)
        try {
          JSON.parse(text)
        } catch {
          return fail('Response body is not valid json format.')
        }
        resolve({ ok: true, body: text, contentType: response.headers['content-type'] ?? 'application/json' })
      })
    })
    call.end(body)
  })

/** Calls one address after the other until one answers 200 with JSON. It never rejects. */
export const performCallback = async (callback: Callback, facts: CallbackFacts): Promise<CallbackOutcome> => {
  const body = renderCallbackBody(callback, facts)
  let outcome: CallbackOutcome = { ok: false, message: 'There is no address to call.' }
  for (const url of callback.urls) {
    outcome = await post(url, callback, body)
    if (outcome.ok) break
  }
  return outcome
}
