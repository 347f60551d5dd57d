import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { request } from 'node:http'
import { dirname } from 'node:path'
import { type Crc64Engine, crc64Engine } from '../adapters/crc64/crc64.js'
import { networkFileSystemOf } from '../adapters/sqlite/files/file-system.js'
import { formatBytes } from '../cli/terminal/readable.js'
import type { CheckResult } from '../cli/text/doctor-report.js'
import { type Config, ConfigError, loadConfig } from '../config/config.js'
import { nodeProblem } from '../config/node-release.js'
import { fewestOpenFiles, openFilesLimit, readLimits } from '../config/open-files.js'
import type { ListenAddress } from '../http/server/listen-address.js'

/** The checks below look at this machine. None of them asks OSS. */

export const well = (name: string, detail: string): CheckResult => ({ name, status: 'ok', detail, remedy: null })
export const warning = (name: string, detail: string, remedy: string): CheckResult => {
  return { name, status: 'warning', detail, remedy }
}
export const failed = (name: string, detail: string, remedy: string): CheckResult => {
  return { name, status: 'failed', detail, remedy }
}
export const skipped = (name: string, detail: string): CheckResult => ({
  name,
  status: 'skipped',
  detail,
  remedy: null,
})

/** Below the first limit the store soon refuses jobs, and below the second there is little time to act. */
const leastFreeBytes = 64 * 1024 * 1024
const comfortableFreeBytes = 1024 * 1024 * 1024
/** Beside two files for each part in flight, the database, lanes, logs and clients need this many. */
const fewestSpareDescriptors = 256

export const examineSettings = (
  env: NodeJS.ProcessEnv,
): { readonly config: Config | null; readonly results: readonly CheckResult[] } => {
  const name = 'settings'
  try {
    const config = loadConfig(env)
    const remedy = 'Change the setting, or leave it if that is what you want'
    const odd = config.warnings.map((sentence) => warning(name, sentence, remedy))
    return { config, results: odd.length > 0 ? odd : [well(name, `read, for ${config.oss.endpoint.origin}`)] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const remedy = 'Correct it where the daemon gets its environment; `longshore serve --help` lists every setting'
    return { config: null, results: error.offenders.map((offender) => failed(name, offender, remedy)) }
  }
}

/** Returns the directory itself, or the nearest one above it that exists. */
const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)))

const isWritable = (directory: string): boolean => {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

export const examineDataDirectory = (dataDir: string): CheckResult => {
  const name = 'disk'
  const directory = existing(dataDir)
  if (!isWritable(directory)) {
    return failed(
      name,
      `${directory} cannot be written`,
      `Give it to the user of the daemon: chown it to uid ${process.getuid?.()}`,
    )
  }
  const network = networkFileSystemOf(directory)
  if (network !== null) {
    return failed(
      name,
      `${directory} is on ${network}`,
      'Point LONGSHORE_DATA_DIR to a local disk: SQLite cannot lock here',
    )
  }
  const { bavail, bsize } = statfsSync(directory)
  const free = bavail * bsize
  const detail = `${formatBytes(free)} free for ${dataDir}`
  const remedy = 'Free some space, or point LONGSHORE_DATA_DIR to another disk; a full one makes jobs wait'
  if (free < leastFreeBytes) return failed(name, detail, remedy)
  return free < comfortableFreeBytes ? warning(name, detail, remedy) : well(name, detail)
}

export const examineSourceRoots = (roots: readonly string[]): readonly CheckResult[] =>
  roots.map((root) => {
    const name = 'source root'
    try {
      accessSync(root, constants.R_OK | constants.X_OK)
      return well(name, `${root} can be read`)
    } catch {
      const remedy = `Let uid ${process.getuid?.()} read it, or run the daemon as the user that owns the files`
      return failed(name, `${root} cannot be read`, remedy)
    }
  })

export const examineOpenFiles = (concurrency: number, limits = readLimits()): CheckResult => {
  const name = 'sockets'
  const limit = openFilesLimit(limits)
  if (limit === null) return skipped(name, 'this system does not say how many files may be open')
  const needed = Math.max(concurrency * 2 + fewestSpareDescriptors, fewestOpenFiles(concurrency))
  const detail = `${limit} files and sockets may be open, ${needed} are needed for LONGSHORE_CONCURRENCY=${concurrency}`
  const remedy =
    'Raise the limit (LimitNOFILE= of systemd, ulimit -n, --ulimit nofile= of Docker) or lower the concurrency'
  return limit < needed ? failed(name, detail, remedy) : well(name, detail)
}

export const examineChecksums = (engine: Crc64Engine = crc64Engine()): CheckResult => {
  const name = 'checksums'
  if (engine !== 'wasm' && engine !== 'javascript') return well(name, `CRC-64 by native code (${engine})`)
  return warning(
    name,
    `CRC-64 by ${engine === 'wasm' ? 'WebAssembly' : 'plain JavaScript'}, several times slower than native code`,
    'Install a C compiler (make, g++) and run `npm rebuild`, which compiles the addon',
  )
}

export const examineNode = (version = process.version): CheckResult => {
  const name = 'node'
  const problem = nodeProblem(version)
  return problem === null
    ? well(name, `Node.js ${version}`)
    : warning(name, problem, 'Run Longshore on Node.js 22, as its image does')
}

const answerTimeoutMs = 3_000

/** With these errors no program on this machine can listen at such an address. */
const notOurs = ['EADDRNOTAVAIL', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EACCES']

/**
 * Returns the status that `/livez` has at an address, `stranger` when what answers is not a web server, `free` when
 * nothing listens, or the error.
 */
const askLivez = (address: ListenAddress): Promise<number | 'stranger' | 'free' | { readonly errno: string }> =>
  new Promise((resolve) => {
    const where = address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }
    const asked = request({
      ...where,
      path: '/livez',
      headers: { host: 'localhost' },
      timeout: answerTimeoutMs,
      agent: false,
    })
    asked.on('response', (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 'stranger')
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const errno = error.code ?? ''
      if (notOurs.includes(errno)) resolve({ errno })
      else resolve(['ECONNREFUSED', 'ENOENT'].includes(errno) ? 'free' : 'stranger')
    })
    asked.end()
  })

const addressText = (address: ListenAddress): string =>
  address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`

export const examineListeners = (listen: readonly ListenAddress[]): Promise<readonly CheckResult[]> =>
  Promise.all(
    listen.map(async (address) => {
      const name = 'address'
      const text = addressText(address)
      if (address.kind === 'tcp' && address.port === 0) return well(name, `${text}: the system chooses a port`)
      const status = await askLivez(address)
      if (status === 'free') return well(name, `${text} is free: no daemon runs there; \`longshore serve\` starts one`)
      if (status === 200) return well(name, `a daemon answers at ${text}`)
      if (typeof status === 'object') {
        const remedy = 'Set LONGSHORE_LISTEN to an address of this machine that this user may reach'
        return failed(name, `${text} cannot be reached (${status.errno})`, remedy)
      }
      const detail =
        status === 503 ? `the daemon at ${text} says that it is not alive` : `something else listens at ${text}`
      const remedy =
        status === 503 ? 'Read its log, and restart it' : 'Stop that program, or choose another LONGSHORE_LISTEN'
      return failed(name, detail, remedy)
    }),
  )
