import { realpathSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { resolve } from 'node:path'
import type { KeySettings } from '../adapters/credentials/key-source-of.js'
import type { NetworkSettings } from '../adapters/oss/wire/network.js'
import type { TokenText } from '../adapters/tokens/token-lines.js'
import { isWithin } from '../core/directory.js'
import type { BucketPrefix } from '../core/object-key.js'
import { isLoopback, type ListenAddress } from '../http/server/listen-address.js'
import { readEnvironment } from './environment.js'
import { readKeySettings } from './keys.js'
import { readNetworkSettings } from './network.js'
import { bucketInEndpoint, endpointOf, regionOf } from './region.js'
import { type SpelledRoot, spelledRoots } from './roots.js'
import { type Read, readRows, rows } from './rows.js'
import { unknownVariables } from './unknown-variables.js'
import { items } from './values.js'
import { readWebhookSettings, type WebhookSettings } from './webhooks.js'

export interface Config {
  readonly listen: readonly ListenAddress[]
  readonly dataDir: string
  readonly nodeId: string
  /** These are real paths. */
  readonly sourceRoots: readonly string[]
  /** These roots were given by another path than their real one. */
  readonly spelledRoots: readonly SpelledRoot[]
  readonly allowedTargets: readonly BucketPrefix[]
  readonly tokens: {
    readonly given: readonly TokenText[]
    readonly file: { readonly path: string; readonly tokens: readonly TokenText[] } | null
  }
  readonly allowedHosts: readonly string[]
  /** This limit holds for each token. Null means no limit. */
  readonly requestsPerMinute: number | null
  readonly concurrency: number
  /** This is a text that `parseBandwidth` accepts. */
  readonly bandwidth: string
  readonly lanes: number
  /** This is added to the nice value of each lane's thread. */
  readonly laneNice: number
  /** `launch.cjs` sets this number of libuv's threads. All calls to file systems share them. */
  readonly poolThreads: number
  readonly parallel: number
  readonly partSize: number
  readonly multipartThreshold: number
  /** Null means any number. */
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
  /** These sentences for the log name what is odd but allowed. */
  readonly warnings: readonly string[]
}

/** `LONGSHORE_DATABASE_URL` is known too, because it is refused with its reason in another place. */
const knownVariables: readonly string[] = [...Object.keys(rows), 'LONGSHORE_DATABASE_URL']

/** The error is one message that names every wrong setting. It never holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Each text begins with the name of the setting and a colon. */
  readonly offenders: readonly string[]
  constructor(offenders: readonly string[]) {
    super(`These settings are not right:\n${offenders.map((line) => `  ${line}`).join('\n')}`)
    this.offenders = offenders
  }
}

/**
 * More threads than these pay only where the network is faster than they are. An operator with such a machine can set
 * the number.
 */
const mostLanes = 4
/** One core is left to the other threads. One lane beside them is as fast as two on two cores, and needs less memory. */
const lanesFor = (cores: number): number => Math.min(mostLanes, Math.max(1, cores - 1))
/** libuv itself has this many threads. */
const defaultPoolThreads = 4

/** Returns what is wrong with the region and the endpoint together. */
const endpointProblems = (parsed: Partial<Read>, given: Record<string, string>): string[] => {
  const { OSS_ENDPOINT: endpoint, OSS_REGION: asked, OSS_SIGNATURE: signature, OSS_ADDRESSING: addressing } = parsed
  if (given['OSS_REGION'] === undefined && given['OSS_ENDPOINT'] === undefined) {
    return ['OSS_REGION: is required, or OSS_ENDPOINT']
  }
  if (endpoint === undefined) return []
  const told = regionOf(endpoint)
  if (given['OSS_REGION'] === undefined && signature === 'v4' && told === undefined) {
    return ['OSS_REGION: is required, because OSS_ENDPOINT does not name the region that v4 signatures need']
  }
  if (asked !== undefined && told !== undefined && told !== asked.region) {
    return [`OSS_REGION: is ${asked.region}, but OSS_ENDPOINT ${endpoint.host} is in ${told}: leave one of them out`]
  }
  const bucket = addressing === 'cname' ? null : bucketInEndpoint(endpoint)
  return bucket === null ? [] : [`OSS_ENDPOINT: ${bucket}`]
}

/** Returns what is wrong with several settings together, as far as each of them could be read. */
const crossProblems = (parsed: Partial<Read>, given: Record<string, string>, dataDir: string): string[] => {
  const problems: string[] = []
  const hasToken = given['LONGSHORE_TOKEN'] !== undefined || given['LONGSHORE_TOKEN_FILE'] !== undefined
  if (!hasToken && !(parsed.LONGSHORE_LISTEN ?? []).every(isLoopback)) {
    problems.push('LONGSHORE_TOKEN: is required (or LONGSHORE_TOKEN_FILE) when LONGSHORE_LISTEN leaves loopback')
  }
  for (const root of parsed.LONGSHORE_SOURCE_ROOTS ?? []) {
    if (isWithin(dataDir, root)) problems.push(`LONGSHORE_SOURCE_ROOTS: ${root} lies inside LONGSHORE_DATA_DIR`)
  }
  problems.push(...endpointProblems(parsed, given))
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

/** Returns only the data directory, for commands that need no other setting. */
export const dataDirOf = (env: NodeJS.ProcessEnv): string =>
  realOrResolved(readEnvironment(env)['LONGSHORE_DATA_DIR'] ?? './longshore-data')

const warningsFor = (endpoint: URL): string[] => {
  const { hostname: host } = endpoint
  const staysHere = host.endsWith('.localhost') || isLoopback({ kind: 'tcp', host, port: 0 })
  if (endpoint.protocol !== 'http:' || staysHere) return []
  return [`OSS_ENDPOINT ${endpoint.origin} is plain http: bytes and object names travel unprotected`]
}

/** Reads and checks the settings of `serve`. Throws one ConfigError that names every wrong setting. */
export const loadConfig = (env: NodeJS.ProcessEnv): Config => {
  const given = readEnvironment(env)
  const { read, problems } = readRows(given)
  const dataDir = dataDirOf(env)
  problems.push(...crossProblems(read, given, dataDir))
  const keys = readKeySettings(given, problems)
  const network = readNetworkSettings(given, problems)
  const webhooks = readWebhookSettings(given, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const parsed = read as Read

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
    lanes: parsed.LONGSHORE_LANES ?? lanesFor(availableParallelism()),
    laneNice: parsed.LONGSHORE_LANE_NICE,
    poolThreads: Number(env['UV_THREADPOOL_SIZE']) || defaultPoolThreads,
    parallel: parsed.LONGSHORE_PARALLEL,
    partSize: parsed.LONGSHORE_PART_SIZE,
    multipartThreshold: parsed.LONGSHORE_MULTIPART_THRESHOLD,
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
