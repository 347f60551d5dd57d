import { readFileSync, realpathSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { KeySettings } from '../adapters/credentials/key-source-of.js'
import { endpointProblem } from '../adapters/oss/wire/addressing.js'
import type { NetworkSettings } from '../adapters/oss/wire/network.js'
import { parseTokenLines, type TokenText } from '../adapters/tokens/token-lines.js'
import { bandwidthProblem } from '../core/bandwidth.js'
import { type AllowedTarget, parseAllowedTarget } from '../core/object-key.js'
import {
  defaultPartSize,
  defaultThreshold,
  maxPartSize,
  maxThreshold,
  minPartSize,
  minThreshold,
} from '../core/plan.js'
import { mostConcurrency } from '../core/settings.js'
import { parseDurationMs, parseSize } from '../core/units.js'
import { isLoopback, type ListenAddress, parseListen } from '../http/server/listen-address.js'
import { readEnvironment } from './environment.js'
import { readKeySettings } from './keys.js'
import { readNetworkSettings } from './network.js'
import { bucketInEndpoint, endpointOf, endpointText, readRegion, regionOf } from './region.js'
import { isInside, rootProblem, type SpelledRoot, spelledRoots } from './roots.js'
import { unknownVariables } from './unknown-variables.js'
import { readWebhookSettings, type WebhookSettings } from './webhooks.js'

/** Every setting of `serve`, as `--help` shows it. */
export const settings = [
  ['LONGSHORE_LISTEN', '127.0.0.1:8484', 'host:port or unix:/path, comma-separated; off loopback a token is mandatory'],
  ['LONGSHORE_DATA_DIR', './longshore-data', 'SQLite database and lock'],
  ['LONGSHORE_NODE_ID', 'host name', 'stable name of this node'],
  ['LONGSHORE_SOURCE_ROOTS', 'required', 'colon-separated absolute directories that jobs may read'],
  ['LONGSHORE_ALLOWED_TARGETS', 'any', 'comma-separated bucket or bucket/prefix'],
  ['LONGSHORE_TOKEN', 'none', 'admin bearer token'],
  [
    'LONGSHORE_TOKEN_FILE',
    'none',
    'file with lines scope:token, read again when it changes; scopes read, submit, admin',
  ],
  ['LONGSHORE_ALLOWED_HOSTS', 'none', 'further Host names that are accepted, comma-separated'],
  ['LONGSHORE_RATE_LIMIT', '60000', 'requests of one token in a minute, or off'],
  ['LONGSHORE_CONCURRENCY', '16', 'parts and puts in flight in the daemon'],
  ['LONGSHORE_BANDWIDTH', 'off', 'for each second: 50MiB, off, or by local time: 08:00,10MiB 19:00,off'],
  ['LONGSHORE_LANES', 'cores, at most 4', 'threads that move bytes'],
  ['LONGSHORE_PARALLEL', '4', 'parts in flight of one job'],
  ['LONGSHORE_PART_SIZE', '10MiB', 'preferred part size, doubled until at most 10,000 parts'],
  ['LONGSHORE_MULTIPART_THRESHOLD', '10MiB', 'at or above: multipart; below: one PutObject'],
  ['LONGSHORE_MAX_QUEUED', 'off', 'jobs that may be queued; more are refused, and walks of batches wait'],
  ['LONGSHORE_MAX_ATTEMPTS', '10', 'charged tries of one request before its job fails'],
  ['LONGSHORE_DRAIN_TIMEOUT', '25s', 'what SIGTERM grants to parts in flight'],
  ['LONGSHORE_KEEP_FINISHED', '30d', 'finished jobs and events older than this are pruned, in small steps'],
  ['LONGSHORE_UPLOAD_MARKER', 'on', 'on or off: objects carry x-oss-meta-longshore-upload'],
  ['LONGSHORE_ABANDONED_AFTER', '7d', 'uploads of jobs that failed so long ago are aborted in OSS'],
  [
    'LONGSHORE_WEBHOOK_SECRET',
    'none',
    'signs webhooks: base64, whsec_ before it or not; without it no job may have one',
  ],
  ['LONGSHORE_WEBHOOK_SECRET_FILE', 'none', 'file with that secret, in its place'],
  ['LONGSHORE_WEBHOOK_ALLOW', 'none', 'hosts that webhooks may reach although http, private or loopback'],
  ['LONGSHORE_LOG_LEVEL', 'info', 'trace, debug, info, warn, error, fatal or silent'],
  ['OSS_REGION', 'one required', 'for example cn-hangzhou'],
  ['OSS_ENDPOINT', 'one required', 'http:// or https:// (default); guessed from the region when absent'],
  ['OSS_ADDRESSING', 'virtual', 'virtual, path or cname'],
  ['OSS_SIGNATURE', 'v4', 'v4 or v1'],
  ['OSS_ACCESS_KEY_ID', 'none', 'or ALIBABA_CLOUD_ACCESS_KEY_ID; without keys the Alibaba Cloud chain is asked'],
  ['OSS_ACCESS_KEY_SECRET', 'none', 'or ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
  ['OSS_SESSION_TOKEN', 'none', 'or ALIBABA_CLOUD_SECURITY_TOKEN'],
  ['OSS_CREDENTIALS_FILE', 'none', 'JSON file with keys that may change, in place of the three'],
  ['LONGSHORE_CA_FILE', 'none', 'PEM file of authorities that are trusted beside the roots of Node.js'],
  ['HTTPS_PROXY', 'none', 'proxy for https endpoints: http://user:password@host:port; lower case too'],
  ['HTTP_PROXY', 'none', 'proxy for http endpoints'],
  ['NO_PROXY', 'none', 'what is reached without a proxy: hosts, .suffixes, addresses, networks, host:port or *'],
] as const

export interface Config {
  readonly listen: readonly ListenAddress[]
  readonly dataDir: string
  readonly nodeId: string
  /** Real paths. */
  readonly sourceRoots: readonly string[]
  /** The roots that were given by another path than their real one. */
  readonly spelledRoots: readonly SpelledRoot[]
  readonly allowedTargets: readonly AllowedTarget[]
  readonly tokens: {
    readonly given: readonly TokenText[]
    readonly file: { readonly path: string; readonly tokens: readonly TokenText[] } | null
  }
  readonly allowedHosts: readonly string[]
  /** Of one token; null: no limit. */
  readonly requestsPerMinute: number | null
  readonly concurrency: number
  /** Text that `parseBandwidth` takes. */
  readonly bandwidth: string
  readonly lanes: number
  /** Threads of libuv, which `launch.cjs` sets; all calls of file systems share them. */
  readonly poolThreads: number
  readonly parallel: number
  readonly partSize: number
  readonly multipartThreshold: number
  /** Null: any number. */
  readonly maxQueued: number | null
  readonly maxAttempts: number
  readonly drainTimeoutMs: number
  readonly keepFinishedMs: number
  readonly abandonedAfterMs: number
  readonly marker: boolean
  readonly webhooks: WebhookSettings
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly oss: {
    readonly endpoint: URL
    readonly region: string
    readonly addressing: 'virtual' | 'path' | 'cname'
    readonly signature: 'v4' | 'v1'
    readonly keys: KeySettings
    readonly network: NetworkSettings
  }
  /** Sentences for the log: what is odd but allowed. */
  readonly warnings: readonly string[]
}

/** What `LONGSHORE_DATABASE_URL` is refused for is said where it is refused. */
const knownVariables: readonly string[] = [...settings.map(([name]) => name), 'LONGSHORE_DATABASE_URL']

/** One message that names every bad setting. Never holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Each begins with the setting's name and a colon. */
  readonly offenders: readonly string[]
  constructor(offenders: readonly string[]) {
    super(`These settings are not right:\n${offenders.map((line) => `  ${line}`).join('\n')}`)
    this.offenders = offenders
  }
}

/** More threads than these pay only where the network outruns them; who has such a machine says so. */
const mostLanes = 4
/** libuv's own. */
const defaultPoolThreads = 4

type Context = z.core.$RefinementCtx
const refuse = (context: Context, message: string): never => {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

const size = (min: number, max: number) =>
  z.string().transform((text, context) => {
    const bytes = parseSize(text)
    return bytes === null || bytes < min || bytes > max
      ? refuse(context, `must be a size from ${min} to ${max} bytes, like 16MiB`)
      : bytes
  })

const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)

const duration = z.string().transform((text, context) => {
  const ms = parseDurationMs(text)
  return ms === null ? refuse(context, 'must be a duration like 25s, 5m or 7d') : ms
})

const items = (text: string, separator: string): string[] =>
  text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')

const list = z.string().transform((text) => items(text, ','))

const roots = z
  .string({ error: 'is required: colon-separated absolute directories that jobs may read' })
  .transform((text, context) => {
    const given = items(text, ':')
    if (given.length === 0) return refuse(context, 'must name at least one directory')
    const problems = given.map(rootProblem).filter((problem) => problem !== null)
    return problems.length > 0 ? refuse(context, problems.join('; ')) : given.map((root) => realpathSync(root))
  })

const allowedTargets = list.transform((texts, context): readonly AllowedTarget[] => {
  const parsed = texts.map(parseAllowedTarget)
  const bad = texts.filter((_, index) => parsed[index] === null)
  return bad.length > 0
    ? refuse(context, `must be buckets or bucket/prefix: ${bad.join(', ')}`)
    : parsed.filter((target) => target !== null)
})

const listen = list.transform((texts, context): readonly ListenAddress[] => {
  const parsed = texts.map(parseListen)
  if (parsed.length === 0 || parsed.includes(null)) return refuse(context, 'must be host:port or unix:/absolute/path')
  return parsed.filter((address) => address !== null)
})

const tokenFile = z.string().transform((path, context) => {
  try {
    return { path: resolve(path), tokens: parseTokenLines(readFileSync(path, 'utf8')) }
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code
    return refuse(context, errno === undefined ? (error as Error).message : `cannot be read: ${errno}`)
  }
})

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` })

const host = z.string().transform((text, context) => {
  const full = endpointText(text)
  if (full === null) {
    return refuse(
      context,
      `must be a host like oss-cn-hangzhou.aliyuncs.com, or a URL like http://${text} for a name of your network`,
    )
  }
  if (!URL.canParse(full)) {
    return refuse(context, 'must be a host, or a URL of scheme and host like https://oss-cn-hangzhou.aliyuncs.com')
  }
  const url = new URL(full)
  const problem = endpointProblem(url)
  return problem === null ? url : refuse(context, problem)
})

const region = z.string().transform((text, context) => {
  return readRegion(text) ?? refuse(context, 'must be a region id like cn-hangzhou or ap-southeast-1')
})

const schema = z.object({
  LONGSHORE_LISTEN: listen.prefault('127.0.0.1:8484'),
  LONGSHORE_NODE_ID: z.string().max(200).optional(),
  LONGSHORE_SOURCE_ROOTS: roots,
  LONGSHORE_ALLOWED_TARGETS: allowedTargets.prefault(''),
  LONGSHORE_TOKEN: z.string().regex(/^\S+$/, 'must not hold white space').optional(),
  LONGSHORE_TOKEN_FILE: tokenFile.optional(),
  LONGSHORE_ALLOWED_HOSTS: list.prefault(''),
  LONGSHORE_RATE_LIMIT: z
    .string()
    .regex(/^([1-9]\d{0,8}|off)$/, 'must be a number of requests in a minute, from 1 on, or off')
    .transform((text) => (text === 'off' ? null : Number(text)))
    .prefault('60000'),
  LONGSHORE_CONCURRENCY: count(1, mostConcurrency).prefault('16'),
  LONGSHORE_BANDWIDTH: z
    .string()
    .superRefine((text, context) => {
      const message = bandwidthProblem(text)
      if (message !== null) context.addIssue({ code: 'custom', message })
    })
    .default('off'),
  LONGSHORE_LANES: count(1, 64).optional(),
  LONGSHORE_PARALLEL: count(1, 64).prefault('4'),
  LONGSHORE_PART_SIZE: size(minPartSize, maxPartSize).optional(),
  LONGSHORE_MULTIPART_THRESHOLD: size(minThreshold, maxThreshold).optional(),
  LONGSHORE_MAX_QUEUED: z
    .string()
    .regex(/^([1-9]\d{0,8}|off)$/, 'must be a number of jobs, from 1 on, or off')
    .transform((text) => (text === 'off' ? null : Number(text)))
    .prefault('off'),
  LONGSHORE_MAX_ATTEMPTS: count(1, 1000).prefault('10'),
  LONGSHORE_DRAIN_TIMEOUT: duration.prefault('25s'),
  LONGSHORE_KEEP_FINISHED: duration.refine((ms) => ms >= 1000, 'must be at least 1s').prefault('30d'),
  LONGSHORE_ABANDONED_AFTER: duration.prefault('7d'),
  LONGSHORE_UPLOAD_MARKER: oneOf(['on', 'off']).default('on'),
  LONGSHORE_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  OSS_REGION: region.optional(),
  OSS_ENDPOINT: host.optional(),
  OSS_ADDRESSING: oneOf(['virtual', 'path', 'cname']).default('virtual'),
  OSS_SIGNATURE: oneOf(['v4', 'v1']).default('v4'),
})
type Parsed = z.infer<typeof schema>

/** What is wrong with the region and the endpoint together. */
const placeProblems = (parsed: Partial<Parsed>, given: Record<string, string>): string[] => {
  const { OSS_ENDPOINT: endpoint, OSS_REGION: asked, OSS_SIGNATURE: signature, OSS_ADDRESSING: addressing } = parsed
  if (given['OSS_REGION'] === undefined && given['OSS_ENDPOINT'] === undefined) {
    return ['OSS_REGION: is required, or OSS_ENDPOINT']
  }
  if (endpoint === undefined) return []
  const told = regionOf(endpoint)
  if (given['OSS_REGION'] === undefined && signature === 'v4' && told === undefined) {
    return ['OSS_REGION: is required, because OSS_ENDPOINT does not tell the region that v4 signatures need']
  }
  if (asked !== undefined && told !== undefined && told !== asked.region) {
    return [`OSS_REGION: is ${asked.region}, but OSS_ENDPOINT ${endpoint.host} is of ${told}: leave one of them out`]
  }
  const bucket = addressing === 'cname' ? null : bucketInEndpoint(endpoint)
  return bucket === null ? [] : [`OSS_ENDPOINT: ${bucket}`]
}

/** What only several settings together can get wrong, as far as each of them could be read. */
const crossProblems = (parsed: Partial<Parsed>, given: Record<string, string>, dataDir: string): string[] => {
  const problems: string[] = []
  const hasToken = given['LONGSHORE_TOKEN'] !== undefined || given['LONGSHORE_TOKEN_FILE'] !== undefined
  if (!hasToken && !(parsed.LONGSHORE_LISTEN ?? []).every(isLoopback)) {
    problems.push('LONGSHORE_TOKEN: is required (or LONGSHORE_TOKEN_FILE) when LONGSHORE_LISTEN leaves loopback')
  }
  for (const root of parsed.LONGSHORE_SOURCE_ROOTS ?? []) {
    if (isInside(dataDir, root)) problems.push(`LONGSHORE_SOURCE_ROOTS: ${root} lies inside LONGSHORE_DATA_DIR`)
  }
  problems.push(...placeProblems(parsed, given))
  if (given['LONGSHORE_DATABASE_URL'] !== undefined) {
    problems.push('LONGSHORE_DATABASE_URL: PostgreSQL is not supported by this version yet; unset it to use SQLite')
  }
  return problems
}

const realOrResolved = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}

/** The data directory alone, for commands that need no other setting. */
export const dataDirOf = (env: NodeJS.ProcessEnv): string =>
  realOrResolved(readEnvironment(env)['LONGSHORE_DATA_DIR'] ?? './longshore-data')

const warningsFor = (endpoint: URL): string[] => {
  const { hostname: host } = endpoint
  const staysHere = host.endsWith('.localhost') || isLoopback({ kind: 'tcp', host, port: 0 })
  if (endpoint.protocol !== 'http:' || staysHere) return []
  return [`OSS_ENDPOINT ${endpoint.origin} is plain http: bytes and object names travel unprotected`]
}

/** Reads and checks the settings of `serve`; throws one ConfigError that names every offender. */
export const loadConfig = (env: NodeJS.ProcessEnv): Config => {
  const given = readEnvironment(env)
  const problems: string[] = []
  const readable: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.shape)) {
    const result = field.safeParse(given[name])
    if (result.success) readable[name] = result.data
    else problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`))
  }
  const dataDir = dataDirOf(env)
  problems.push(...crossProblems(readable as Partial<Parsed>, given, dataDir))
  const keys = readKeySettings(given, problems)
  const network = readNetworkSettings(given, problems)
  const webhooks = readWebhookSettings(given, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const parsed = readable as Parsed

  const asked = parsed.OSS_REGION ?? { region: regionOf(parsed.OSS_ENDPOINT) ?? '', internal: false }
  const { region } = asked
  const endpoint = parsed.OSS_ENDPOINT ?? endpointOf(asked)
  const single: readonly TokenText[] =
    parsed.LONGSHORE_TOKEN === undefined
      ? []
      : [{ name: 'LONGSHORE_TOKEN', scope: 'admin', token: parsed.LONGSHORE_TOKEN, roots: null, targets: null }]
  return Object.freeze({
    listen: parsed.LONGSHORE_LISTEN,
    dataDir,
    nodeId: parsed.LONGSHORE_NODE_ID ?? hostname(),
    sourceRoots: parsed.LONGSHORE_SOURCE_ROOTS,
    spelledRoots: spelledRoots(items(given['LONGSHORE_SOURCE_ROOTS'] ?? '', ':')),
    allowedTargets: parsed.LONGSHORE_ALLOWED_TARGETS,
    tokens: { given: single, file: parsed.LONGSHORE_TOKEN_FILE ?? null },
    allowedHosts: parsed.LONGSHORE_ALLOWED_HOSTS,
    requestsPerMinute: parsed.LONGSHORE_RATE_LIMIT,
    concurrency: parsed.LONGSHORE_CONCURRENCY,
    bandwidth: parsed.LONGSHORE_BANDWIDTH.trim(),
    lanes: parsed.LONGSHORE_LANES ?? Math.min(availableParallelism(), mostLanes),
    poolThreads: Number(env['UV_THREADPOOL_SIZE']) || defaultPoolThreads,
    parallel: parsed.LONGSHORE_PARALLEL,
    partSize: parsed.LONGSHORE_PART_SIZE ?? defaultPartSize,
    multipartThreshold: parsed.LONGSHORE_MULTIPART_THRESHOLD ?? defaultThreshold,
    maxQueued: parsed.LONGSHORE_MAX_QUEUED,
    maxAttempts: parsed.LONGSHORE_MAX_ATTEMPTS,
    drainTimeoutMs: parsed.LONGSHORE_DRAIN_TIMEOUT,
    keepFinishedMs: parsed.LONGSHORE_KEEP_FINISHED,
    abandonedAfterMs: parsed.LONGSHORE_ABANDONED_AFTER,
    marker: parsed.LONGSHORE_UPLOAD_MARKER === 'on',
    webhooks,
    logLevel: parsed.LONGSHORE_LOG_LEVEL,
    oss: {
      endpoint,
      region,
      addressing: parsed.OSS_ADDRESSING,
      signature: parsed.OSS_SIGNATURE,
      keys,
      network,
    },
    warnings: [...warningsFor(endpoint), ...unknownVariables(Object.keys(given), knownVariables)],
  })
}
