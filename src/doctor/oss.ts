import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createCrc64 } from '../adapters/crc64/crc64.js'
import type { FetchedKeys } from '../adapters/credentials/key-source.js'
import { keySourceOf } from '../adapters/credentials/key-source-of.js'
import { type AskedTime, askTime } from '../adapters/oss/api/ask-time.js'
import type { AbortRule } from '../adapters/oss/api/lifecycle.js'
import { createOssTarget, type OssTarget } from '../adapters/oss/api/oss-target.js'
import { createDataPath } from '../adapters/oss/lanes/data-path.js'
import { createRangeSender } from '../adapters/oss/lanes/send-range.js'
import { createNetwork } from '../adapters/oss/wire/network.js'
import { defaultTimeouts, type OssTimeouts } from '../adapters/oss/wire/timeouts.js'
import type { CheckResult } from '../cli/text/doctor-report.js'
import type { Config } from '../config/config.js'
import { Failure } from '../core/failure.js'
import type { BucketPrefix } from '../core/object-key.js'
import type { Clock } from '../ports/clock.js'
import type { Credentials } from '../ports/credentials.js'
import type { Logger } from '../ports/logger.js'
import type { UploadRef } from '../ports/target.js'
import { failed, skipped, warning, well } from './machine.js'

/**
 * The doctor asks OSS for the time and for keys, and tries at each prefix whether an upload can be begun, written,
 * listed and aborted.
 */

/** These limits are short, because users do not wait minutes for a doctor. */
const timeouts: OssTimeouts = {
  ...defaultTimeouts,
  connectMs: 5_000,
  idleMs: 10_000,
  answerMs: 15_000,
  controlMs: 20_000,
}
const keysTimeoutMs = 15_000

/** OSS refuses what is signed fifteen minutes off. A clock that is far below that but not adjusted will get there. */
const worstSkewMs = 15 * 60_000
const oddSkewMs = 60_000

const secondsText = (ms: number): string => `${Math.round(Math.abs(ms) / 1000)} s`

export const judgeSkew = (skewMs: number): CheckResult => {
  const name = 'clock'
  if (Math.abs(skewMs) <= oddSkewMs) return well(name, `within ${secondsText(oddSkewMs)} of the server's`)
  const detail = `${secondsText(skewMs)} ${skewMs > 0 ? 'ahead of' : 'behind'} the server's`
  const remedy = "Set this machine's clock (chrony, systemd-timesyncd); the daemon signs with OSS's time meanwhile"
  return Math.abs(skewMs) >= worstSkewMs ? failed(name, detail, remedy) : warning(name, detail, remedy)
}

/** Returns what to do when the answer sends us to another host, or did not come from OSS at all. */
const wayRemedy = (elsewhere: string | null): string =>
  elsewhere === null
    ? 'Check OSS_ENDPOINT, proxies and firewalls: the answer does not come from OSS, because it has no request id'
    : `Set OSS_ENDPOINT to ${elsewhere} (without the bucket), and OSS_REGION to its region, if that is where the bucket is`

/** Returns what to do about a failure, by its meaning and by OSS's own code. */
const remedyOf = (failure: Failure, bucket: string | null): string => {
  const { kind, code, ossCode, elsewhere, status, requestId } = failure
  if (elsewhere !== null) return wayRemedy(elsewhere)
  if (status !== null && requestId === null) return wayRemedy(null)
  if (kind === 'setup') return 'See the message; more in docs/how-to/networks.md'
  if (ossCode === 'SignatureDoesNotMatch') return 'Check the secret key, and OSS_SIGNATURE and OSS_REGION for v4'
  if (ossCode === 'InvalidAccessKeyId') return 'Check the access key id: OSS does not know it, or it is disabled'
  if (code === 'no_such_bucket') return `Make the bucket ${bucket}, or check its name and the region of OSS_ENDPOINT`
  if (code === 'access_denied') {
    return `Grant the keys oss:PutObject, oss:AbortMultipartUpload and oss:ListParts on ${bucket}, or use other keys`
  }
  if (kind === 'credentials') return 'Get new keys: these have expired or are not known'
  if (kind === 'transient') return 'Check OSS_ENDPOINT, names, routes and firewalls; see docs/how-to/networks.md'
  return 'Look the code up in the documentation of OSS'
}

const failureResult = (name: string, error: unknown, bucket: string | null): CheckResult => {
  if (!(error instanceof Failure)) throw error
  const detail = `${error.message.replace(/\.$/, '')}${error.requestId === null ? '' : ` (request ${error.requestId})`}`
  return failed(name, detail, remedyOf(error, bucket))
}

/** Judges whether the endpoint answers, and whether it is OSS that does. */
const judgeAnswer = ({ origin }: URL, { tookMs, status, requestId, elsewhere }: AskedTime): CheckResult => {
  const name = 'endpoint'
  const detail = `${origin} answers in ${Math.round(tookMs)} ms`
  if (elsewhere !== null) return warning(name, `${detail}, and redirects to ${elsewhere}`, wayRemedy(elsewhere))
  if (requestId !== null) return well(name, detail)
  return warning(name, `${detail}, but something in front of OSS does (${status}, no request id)`, wayRemedy(null))
}

export const examineEndpoint = async (config: Config, clock: Clock): Promise<readonly CheckResult[]> => {
  const { endpoint, addressing, network } = config.oss
  try {
    const asked = await askTime(endpoint, addressing, createNetwork(network), timeouts, AbortSignal.timeout(30_000))
    const there = judgeAnswer(endpoint, asked)
    if (asked.serverAt === null) return [there, skipped('clock', 'the endpoint does not say what time it has')]
    return [there, judgeSkew(clock.now() - asked.serverAt)]
  } catch (error) {
    return [failureResult('endpoint', error, null), skipped('clock', 'the endpoint could not be asked')]
  }
}

const inTime = async <T>(promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const reason = new Failure('credentials', `No answer within ${keysTimeoutMs / 1000} s`)
    timer = setTimeout(() => reject(reason), keysTimeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export const examineKeys = async (
  config: Config,
  clock: Clock,
  logger: Logger,
): Promise<{ readonly keys: FetchedKeys | null; readonly result: CheckResult }> => {
  const name = 'credentials'
  const source = keySourceOf(config.oss.keys, logger)
  try {
    const keys = await inTime(source.fetchKeys())
    const left = keys.expiresAt === null ? null : keys.expiresAt - clock.now()
    if (left !== null && left <= 0) {
      const detail = `the keys from ${source.name} have expired`
      return { keys, result: failed(name, detail, 'Have their issuer renew them; the daemon takes new ones by itself') }
    }
    const lifetime = left === null ? '' : `, for ${secondsText(left)} more`
    return {
      keys,
      result: well(name, `${keys.temporary ? 'temporary' : 'long-term'} keys from ${source.name}${lifetime}`),
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const remedy =
      'Give OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, OSS_CREDENTIALS_FILE, or a role; jobs wait until then'
    return { keys: null, result: failed(name, error.message.replace(/\.$/, ''), remedy) }
  }
}

const fixedCredentials = ({ accessKeyId, accessKeySecret, securityToken, temporary }: FetchedKeys): Credentials => {
  const held = Object.freeze({ accessKeyId, accessKeySecret, securityToken, temporary })
  return { current: () => held, areAtHand: () => true, renew: async () => false, accepted: () => {} }
}

const overlaps = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one)

const dayMs = 24 * 60 * 60_000

/** Judges the rules that end uploads earlier than the daemon itself would give them up. */
export const judgeRules = (
  { bucket, prefix }: BucketPrefix,
  rules: readonly AbortRule[],
  abandonedAfterMs: number,
): readonly CheckResult[] => {
  const name = 'lifecycle'
  const meant = rules.filter((rule) => overlaps(rule.prefix, prefix))
  const early = meant.filter(({ days }) => days === null || days * dayMs < abandonedAfterMs)
  if (early.length === 0) {
    const detail =
      meant.length === 0 ? 'no rule aborts uploads' : 'rules abort only uploads that the daemon has given up'
    return [well(name, `${bucket}: ${detail}`)]
  }
  return early.map(({ id, days, before }) => {
    const when = days === null ? `that began before ${before}` : `after ${days} ${days === 1 ? 'day' : 'days'}`
    const remedy =
      days === null
        ? 'Remove the rule, or give it Days: jobs whose upload is aborted begin anew'
        : `Raise its Days, or lower LONGSHORE_ABANDONED_AFTER: a job that is paused or fails for longer begins anew`
    return warning(name, `${bucket}: the rule ${id} aborts uploads ${when}`, remedy)
  })
}

const examineRules = async (
  target: OssTarget,
  where: BucketPrefix,
  config: Config,
): Promise<readonly CheckResult[]> => {
  try {
    const rules = await target.abortRules(where.bucket, AbortSignal.timeout(30_000))
    return judgeRules(where, rules, config.abandonedAfterMs)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const detail = `${where.bucket}: the lifecycle rules cannot be read (${error.ossCode ?? error.kind})`
    const remedy = 'Grant oss:GetBucketLifecycle if you want them checked: a rule may abort uploads of paused jobs'
    return [warning('lifecycle', detail, remedy)]
  }
}

/** These bytes exist wherever the program is, so no scratch file is needed, which a read-only root might not allow. */
const probeBytes = fileURLToPath(new URL('../../package.json', import.meta.url))

const objectOptions = { headers: {}, marker: null, forbidOverwrite: false, sequential: false }

const writeAndRead = async (target: OssTarget, upload: UploadRef, signal: AbortSignal): Promise<void> => {
  const file = await open(probeBytes)
  try {
    const { size: length, dev, ino } = await file.stat()
    const range = { kind: 'file', fd: file.fd, device: String(dev), inode: String(ino), offset: 0, length } as const
    const sent = await target.uploadPart(upload, 1, range, objectOptions, { signal, onProgress: () => {} })
    const [listed] = await target.listParts(upload, signal)
    if (listed?.etag !== sent.etag || listed.size !== length) {
      throw new Failure('ambiguous', 'ListParts does not show the part that was written')
    }
  } finally {
    await file.close()
  }
}

/** What is left of the probe is taken away within this. */
const cleanUpMs = 20_000

const examineTarget = async (target: OssTarget, { bucket, prefix }: BucketPrefix): Promise<CheckResult> => {
  const name = 'bucket'
  const key = `${prefix}.longshore-doctor-${randomBytes(6).toString('hex')}`
  const signal = AbortSignal.timeout(60_000)
  try {
    const { uploadId } = await target.initiate({ bucket, key }, objectOptions, signal)
    const upload = { bucket, key, uploadId }
    try {
      await writeAndRead(target, upload, signal)
    } finally {
      // By a time of its own: it must not fail because the tries before used up theirs.
      await target.abort(upload, AbortSignal.timeout(cleanUpMs))
    }
    return well(name, `oss://${bucket}/${prefix}: an upload was begun, written, listed and aborted`)
  } catch (error) {
    return failureResult(name, error, bucket)
  }
}

export const examineTargets = async (
  config: Config,
  keys: FetchedKeys,
  prefixes: readonly BucketPrefix[],
  clock: Clock,
  logger: Logger,
): Promise<readonly CheckResult[]> => {
  const network = createNetwork(config.oss.network)
  const target = createOssTarget({
    ...config.oss,
    credentials: fixedCredentials(keys),
    maxSockets: 1,
    dataPath: createDataPath(network, createRangeSender(createCrc64)),
    network,
    clock,
    logger,
    timeouts,
  })
  try {
    const results: CheckResult[] = []
    for (const where of prefixes) {
      const probed = await examineTarget(target, where)
      results.push(probed, ...(probed.status === 'ok' ? await examineRules(target, where, config) : []))
    }
    return results
  } finally {
    await target.close()
  }
}
