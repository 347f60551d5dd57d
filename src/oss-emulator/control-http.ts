import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EmulatorCredentials } from './authenticate.js'
import type { EmulatorControl } from './control.js'
import { FaultRuleError, parseFaultRules } from './parse-fault-rule.js'

export const controlPrefix = '/-/control/'

interface JsonAnswer {
  readonly status: number
  readonly body: unknown
}

type Route = (control: EmulatorControl, url: URL, body: unknown) => unknown

const readBandwidth = (body: unknown): number | null => {
  const value = (body as { bytesPerSecond?: unknown } | null)?.bytesPerSecond
  if (value === null || (typeof value === 'number' && Number.isFinite(value) && value > 0)) return value
  throw new FaultRuleError('bytesPerSecond must be a number above 0, or null.')
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

const readCredentials = (body: unknown): readonly EmulatorCredentials[] => {
  const list = (body as { credentials?: unknown } | null)?.credentials
  const isOne = (keys: Record<string, unknown> | null): boolean =>
    isText(keys?.['accessKeyId']) &&
    isText(keys?.['accessKeySecret']) &&
    (keys?.['securityToken'] === undefined || isText(keys['securityToken'])) &&
    (keys?.['expiresAt'] === undefined || !Number.isNaN(Date.parse(String(keys['expiresAt']))))
  if (Array.isArray(list) && list.every(isOne)) return list
  throw new FaultRuleError('credentials must be a list of {accessKeyId, accessKeySecret, securityToken?, expiresAt?}.')
}

const readCursor = (url: URL): number => {
  const text = url.searchParams.get('after') ?? '0'
  if (!/^\d{1,15}$/.test(text)) throw new FaultRuleError('after must be a whole number.')
  return Number(text)
}

const routes: Readonly<Record<string, Route>> = {
  'POST faults': (control, _url, body) => ({ ids: control.addFaults(parseFaultRules(body)) }),
  'DELETE faults': (control) => control.clearFaults(),
  'PUT bandwidth': (control, _url, body) => control.setBandwidth(readBandwidth(body)),
  'PUT credentials': (control, _url, body) => control.setCredentials(readCredentials(body)),
  'GET ledger': (control, url) => control.ledger(readCursor(url)),
  'DELETE ledger': (control) => control.clearLedger(),
  'GET uploads': (control) => ({ uploads: control.uploads() }),
}

const maxBodyBytes = 1024 * 1024

const readJson = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) throw new FaultRuleError('The body is longer than 1 MiB.')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    throw new FaultRuleError('The body is not JSON.')
  }
}

const answerTo = async (request: IncomingMessage, control: EmulatorControl | null): Promise<JsonAnswer> => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const route = routes[`${request.method} ${url.pathname.slice(controlPrefix.length)}`]
  if (control === null || route === undefined) return { status: 404, body: { error: 'There is nothing here.' } }
  // A web page that the developer has open must not be able to control the emulator.
  if (request.headers.origin !== undefined) return { status: 403, body: { error: 'Not for web pages.' } }
  try {
    return { status: 200, body: route(control, url, await readJson(request)) ?? {} }
  } catch (error) {
    if (error instanceof FaultRuleError) return { status: 400, body: { error: error.message } }
    throw error
  }
}

/** Handles a request below `/-/control/`. `control` is null when fault control is off, and then nothing is there. */
export const handleControl = async (
  request: IncomingMessage,
  response: ServerResponse,
  control: EmulatorControl | null,
): Promise<void> => {
  try {
    const { status, body } = await answerTo(request, control)
    const text = JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  } catch {
    // The client hung up while it was sending.
    response.destroy()
  }
}
