import { existsSync } from 'node:fs'
import { createSystemClock } from '../adapters/clock/system-clock.js'
import { checkDatabase } from '../adapters/sqlite/files/check-database.js'
import { storePaths } from '../adapters/sqlite/files/data-directory.js'
import { type CheckResult, type DoctorReport, reportOf } from '../cli/text/doctor-report.js'
import { type Config, dataDirOf } from '../config/config.js'
import { type BucketPrefix, bucketProblem, isTargetAllowed } from '../core/object-key.js'
import type { Logger } from '../ports/logger.js'
import {
  examineChecksums,
  examineDataDirectory,
  examineListeners,
  examineNode,
  examineOpenFiles,
  examineSettings,
  examineSourceRoots,
  failed,
  skipped,
  warning,
  well,
} from './machine.js'
import { examineEndpoint, examineKeys, examineTargets } from './oss.js'

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

/** A daemon that runs without further settings has this concurrency. */
const presetConcurrency = 16

const examineDatabase = (dataDir: string): CheckResult => {
  const name = 'database'
  const path = storePaths(dataDir).database
  if (!existsSync(path)) return well(name, `${path} does not exist yet: the first start makes it`)
  try {
    const { problems, jobs, schemaVersion } = checkDatabase(path)
    const [first] = problems
    if (first === undefined) return well(name, `sound: ${jobs} jobs, schema ${schemaVersion}`)
    return failed(
      name,
      `${path} is damaged: ${first}`,
      'Stop the daemon and restore a backup; `longshore check` shows everything',
    )
  } catch (error) {
    return failed(
      name,
      (error as Error).message.replace(/\.$/, ''),
      'Run the doctor as the user of the daemon, or restore a backup',
    )
  }
}

const targetProblems = ({ allowedTargets }: Config, prefixes: readonly BucketPrefix[]): readonly CheckResult[] =>
  prefixes.flatMap(({ bucket, prefix }) => {
    const problem = bucketProblem(bucket)
    if (problem !== null)
      return [failed('bucket', `${bucket}: a bucket's name ${problem}`, 'Give the name of a bucket')]
    if (isTargetAllowed(allowedTargets, bucket, `${prefix}x`)) return []
    const detail = `oss://${bucket}/${prefix} is not below LONGSHORE_ALLOWED_TARGETS: jobs to it are refused`
    return [failed('bucket', detail, 'Add it there, or use a prefix that is allowed')]
  })

const examineOss = async (config: Config, prefixes: readonly BucketPrefix[]): Promise<readonly CheckResult[]> => {
  const clock = createSystemClock()
  const [endpoint, { keys, result }] = await Promise.all([
    examineEndpoint(config, clock),
    examineKeys(config, clock, silent),
  ])
  const asked = prefixes.length > 0 ? prefixes : config.allowedTargets
  const unfit = targetProblems(config, asked)
  const [reached] = endpoint
  if (asked.length === 0) {
    const remedy = 'Name one: longshore doctor oss://bucket/, or set LONGSHORE_ALLOWED_TARGETS'
    return [...endpoint, result, warning('bucket', 'no bucket was tried, because none is named', remedy)]
  }
  if (keys === null || result.status !== 'ok')
    return [...endpoint, result, skipped('bucket', 'there are no keys to try')]
  if (reached?.status === 'failed') return [...endpoint, result, skipped('bucket', 'the endpoint could not be reached')]
  const fit = asked.filter((one) => targetProblems(config, [one]).length === 0)
  return [...endpoint, result, ...unfit, ...(await examineTargets(config, keys, fit, clock, silent))]
}

/**
 * Checks everything that `serve` needs in this environment. It changes nothing on this machine and leaves nothing in
 * OSS. Without `prefixes` those of LONGSHORE_ALLOWED_TARGETS are tried.
 */
export const examine = async (env: NodeJS.ProcessEnv, prefixes: readonly BucketPrefix[]): Promise<DoctorReport> => {
  const { config, results } = examineSettings(env)
  const dataDir = dataDirOf(env)
  const machine = [
    examineDataDirectory(dataDir),
    examineDatabase(dataDir),
    examineOpenFiles(config?.concurrency ?? presetConcurrency),
    examineChecksums(),
    examineNode(),
  ]
  if (config === null) {
    return reportOf([...results, ...machine, skipped('OSS', 'it cannot be asked until the settings are right')])
  }
  return reportOf([
    ...results,
    ...examineSourceRoots(config.sourceRoots),
    ...machine,
    ...(await examineListeners(config.listen)),
    ...(await examineOss(config, prefixes)),
  ])
}
