import { z } from 'zod'
import { maxPartSize, maxThreshold, minPartSize, minThreshold } from '../core/plan.js'
import { mostConcurrency } from '../core/settings.js'
import {
  allowedTargets,
  bandwidth,
  count,
  countOrOff,
  duration,
  host,
  list,
  listen,
  oneOf,
  region,
  roots,
  size,
  tokenFile,
} from './values.js'

type Reader<T> = z.ZodType<T, string>

/** A row is one setting: what `--help` shows of it, and how its text is read. */
const row = <Read>(shown: string, about: string, read: Read) => ({ shown, about, read })

const required = <T>(about: string, read: Reader<T>) => row('required', about, read)
/** Without a text the default is read, as if it had been given. */
const withDefault = <T>(fallback: string, about: string, read: Reader<T>) =>
  row(fallback, about, read.prefault(fallback))
/** Without a text the setting is undefined, and `shown` says what happens then. */
const optional = <T>(shown: string, about: string, read: Reader<T>) => row(shown, about, read.optional())
const optionalList = <T>(shown: string, about: string, read: Reader<T>) => row(shown, about, read.prefault(''))
/** Settings that only make sense together are read together, in keys.ts, network.ts and webhooks.ts. */
const readElsewhere = (shown: string, about: string) => row(shown, about, null)

/**
 * These rows hold every setting of `serve`. The help, the defaults, the reading with its type, and the test of the
 * documents all follow from them.
 */
export const rows = {
  LONGSHORE_LISTEN: withDefault(
    '127.0.0.1:8484',
    'host:port or unix:/path, comma-separated; off loopback a token is mandatory',
    listen,
  ),
  LONGSHORE_DATA_DIR: readElsewhere('./longshore-data', 'SQLite database and lock'),
  LONGSHORE_NODE_ID: optional('host name', 'stable name of this node', z.string().max(200)),
  LONGSHORE_SOURCE_ROOTS: required('colon-separated absolute directories that jobs may read', roots),
  LONGSHORE_ALLOWED_TARGETS: optionalList('any', 'comma-separated bucket or bucket/prefix', allowedTargets),
  LONGSHORE_TOKEN: optional('none', 'admin bearer token', z.string().regex(/^\S+$/, 'must not hold white space')),
  LONGSHORE_TOKEN_FILE: optional(
    'none',
    'file with lines scope:token, read again when it changes; scopes read, submit, admin',
    tokenFile,
  ),
  LONGSHORE_ALLOWED_HOSTS: optionalList('none', 'further Host names that are accepted, comma-separated', list),
  LONGSHORE_RATE_LIMIT: withDefault(
    '60000',
    'requests per minute of one token, or off',
    countOrOff('requests in a minute'),
  ),
  LONGSHORE_CONCURRENCY: withDefault('16', 'parts and puts in flight in the daemon', count(1, mostConcurrency)),
  LONGSHORE_BANDWIDTH: withDefault('off', 'per second: 50MiB, off, or by local time: 08:00,10MiB 19:00,off', bandwidth),
  LONGSHORE_LANES: optional('cores less one, 1 to 4', 'threads that move bytes', count(1, 64)),
  LONGSHORE_LANE_NICE: withDefault(
    '2',
    'nice value of these threads, so that answers come first; 0 for none',
    count(0, 19),
  ),
  LONGSHORE_PARALLEL: withDefault('4', 'parts in flight of one job', count(1, 64)),
  LONGSHORE_PART_SIZE: withDefault(
    '10MiB',
    'preferred part size, doubled until at most 10,000 parts',
    size(minPartSize, maxPartSize),
  ),
  LONGSHORE_MULTIPART_THRESHOLD: withDefault(
    '10MiB',
    'at or above: multipart; below: one PutObject',
    size(minThreshold, maxThreshold),
  ),
  LONGSHORE_MAX_QUEUED: withDefault(
    'off',
    'jobs that may be queued; more are refused, and walks of batches wait',
    countOrOff('jobs'),
  ),
  LONGSHORE_MAX_ATTEMPTS: withDefault('10', 'charged tries of one request before its job fails', count(1, 1000)),
  LONGSHORE_DRAIN_TIMEOUT: withDefault('25s', 'what SIGTERM grants to parts in flight', duration),
  LONGSHORE_KEEP_FINISHED: withDefault(
    '30d',
    'finished jobs and events older than this are pruned, in small steps',
    duration.refine((ms) => ms >= 1000, 'must be at least 1s'),
  ),
  LONGSHORE_UPLOAD_MARKER: withDefault(
    'on',
    'on or off: objects carry x-oss-meta-longshore-upload',
    oneOf(['on', 'off']),
  ),
  LONGSHORE_ABANDONED_AFTER: withDefault('7d', 'uploads of jobs that failed so long ago are aborted in OSS', duration),
  LONGSHORE_WEBHOOK_SECRET: readElsewhere(
    'none',
    'signs webhooks: base64, whsec_ before it or not; without it no job may have one',
  ),
  LONGSHORE_WEBHOOK_SECRET_FILE: readElsewhere('none', 'file with that secret, instead'),
  LONGSHORE_WEBHOOK_ALLOW: readElsewhere('none', 'hosts that webhooks may reach even if http, private or loopback'),
  LONGSHORE_LOG_LEVEL: withDefault(
    'info',
    'trace, debug, info, warn, error, fatal or silent',
    oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  ),
  OSS_REGION: optional('one required', 'for example cn-hangzhou', region),
  OSS_ENDPOINT: optional('one required', 'http:// or https:// (default); guessed from the region when absent', host),
  OSS_ADDRESSING: withDefault('virtual', 'virtual, path or cname', oneOf(['virtual', 'path', 'cname'])),
  OSS_SIGNATURE: withDefault('v4', 'v4 or v1', oneOf(['v4', 'v1'])),
  OSS_ACCESS_KEY_ID: readElsewhere(
    'none',
    'or ALIBABA_CLOUD_ACCESS_KEY_ID; without keys the Alibaba Cloud chain is asked',
  ),
  OSS_ACCESS_KEY_SECRET: readElsewhere('none', 'or ALIBABA_CLOUD_ACCESS_KEY_SECRET'),
  OSS_SESSION_TOKEN: readElsewhere('none', 'or ALIBABA_CLOUD_SECURITY_TOKEN'),
  OSS_CREDENTIALS_FILE: readElsewhere('none', 'JSON file with keys that may change, instead of the three'),
  LONGSHORE_CA_FILE: readElsewhere('none', 'PEM file of authorities that are trusted beside the roots of Node.js'),
  HTTPS_PROXY: readElsewhere('none', 'proxy for https endpoints: http://user:password@host:port; lower case too'),
  HTTP_PROXY: readElsewhere('none', 'proxy for http endpoints'),
  NO_PROXY: readElsewhere(
    'none',
    'what is reached without a proxy: hosts, .suffixes, addresses, networks, host:port or *',
  ),
}
type Rows = typeof rows

/** These are the settings that a row reads, by name. */
export type Read = {
  readonly [Name in keyof Rows as Rows[Name]['read'] extends null ? never : Name]: z.output<
    NonNullable<Rows[Name]['read']>
  >
}

/** These are the settings of `serve` as `--help` shows them, each with its name, its default and a sentence. */
export const settings: readonly (readonly [name: string, shown: string, about: string])[] = Object.entries(rows).map(
  ([name, { shown, about }]) => [name, shown, about],
)

/** Reads every row that can be read. Each problem begins with the name of its setting and a colon. */
export const readRows = (
  given: Readonly<Record<string, string>>,
): { readonly read: Partial<Read>; readonly problems: string[] } => {
  const read: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, { read: reader }] of Object.entries(rows)) {
    if (reader === null) continue
    const result = reader.safeParse(given[name])
    if (result.success) read[name] = result.data
    else problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`))
  }
  return { read, problems }
}
