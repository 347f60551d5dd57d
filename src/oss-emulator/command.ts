import { parseArgs } from 'node:util'
import { isBucketName } from './address.js'
import { type Emulator, isLoopback, startEmulator } from './emulator.js'

const help = `Usage: longshore dev-oss [options]

An OSS-compatible server for development and tests. It keeps objects in a local directory, checks signatures and answers
as OSS does. It is not made for real data: nothing is synced to disk, and there is one key pair for everyone.

Options:
  --port N          port to listen on; 0 takes a free one (default 9000)
  --host HOST       address to listen on (default 127.0.0.1)
  --dir PATH        where buckets are kept (default ./oss-data)
  --bucket NAME     make this bucket; may be repeated (default dev-bucket)
  --bandwidth SIZE  limit for all uploads together, per second: 500KiB, 20MiB, 1GiB or plain bytes
  --fault-control   offer the control API of scripted faults below /-/control/; loopback only
  --help            this text

Environment: OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and OSS_SESSION_TOKEN are the keys to accept (default: fixed
development keys, printed at the start); OSS_REGION is the region to be (default cn-hangzhou).
`

/** This is EX_USAGE of sysexits. */
const usageExit = 64

/** The keys are not a secret. They say "development", and are valid for this server only. */
const developmentKeys = { accessKeyId: 'longshore-dev', accessKeySecret: 'longshore-dev-secret' }

class UsageError extends Error {
  override readonly name = 'UsageError'
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

const parseBandwidth = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)\s*(KiB|MiB|GiB|)$/.exec(text)
  const bytes = match === null ? 0 : Number(match[1]) * (sizeUnits[match[2] ?? ''] ?? 0)
  if (bytes >= 1) return bytes
  throw new UsageError(`--bandwidth ${text} is no size; write it like 20MiB.`)
}

const parsePort = (text: string): number => {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new UsageError(`--port ${text} is no port; it must be a number from 0 to 65535.`)
}

const readFlags = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '9000' },
        host: { type: 'string', default: '127.0.0.1' },
        dir: { type: 'string', default: './oss-data' },
        bucket: { type: 'string', multiple: true, default: ['dev-bucket'] },
        bandwidth: { type: 'string' },
        'fault-control': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

type Flags = ReturnType<typeof readFlags>

const readCredentials = (environment: NodeJS.ProcessEnv) => {
  const accessKeyId = environment['OSS_ACCESS_KEY_ID']
  const accessKeySecret = environment['OSS_ACCESS_KEY_SECRET']
  const securityToken = environment['OSS_SESSION_TOKEN']
  if (!accessKeyId !== !accessKeySecret) {
    throw new UsageError('OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET must be set both, or neither.')
  }
  if (!accessKeyId || !accessKeySecret) return developmentKeys
  return { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) }
}

const start = async (flags: Flags, environment: NodeJS.ProcessEnv): Promise<Emulator> => {
  if (flags['fault-control'] && !isLoopback(flags.host)) {
    throw new UsageError(`--fault-control is for loopback addresses only, and --host is ${flags.host}.`)
  }
  for (const bucket of flags.bucket) {
    if (!isBucketName(bucket))
      throw new UsageError(`--bucket ${bucket} is no bucket name; use 3 to 63 of a-z, 0-9 and -.`)
  }
  return startEmulator({
    directory: flags.dir,
    port: parsePort(flags.port),
    host: flags.host,
    buckets: flags.bucket,
    credentials: readCredentials(environment),
    region: environment['OSS_REGION']?.replace(/^oss-/, '') || 'cn-hangzhou',
    faultControl: flags['fault-control'],
    ...(flags.bandwidth === undefined ? {} : { bandwidth: parseBandwidth(flags.bandwidth) }),
  })
}

/**
 * Returns what a daemon needs to talk to the emulator. Keys that came from the environment are there already, and are
 * not printed.
 */
const environmentLines = (emulator: Emulator, environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> => ({
  OSS_ENDPOINT: emulator.url,
  OSS_REGION: environment['OSS_REGION']?.replace(/^oss-/, '') || 'cn-hangzhou',
  OSS_ADDRESSING: 'path',
  ...(environment['OSS_ACCESS_KEY_ID']
    ? {}
    : {
        OSS_ACCESS_KEY_ID: developmentKeys.accessKeyId,
        OSS_ACCESS_KEY_SECRET: developmentKeys.accessKeySecret,
      }),
})

const friendlyText = (emulator: Emulator, flags: Flags, lines: Readonly<Record<string, string>>): string =>
  [
    `The development OSS server listens on ${emulator.url}, with ${flags.bucket.join(', ')} in ${flags.dir}.`,
    'To let Longshore upload there:',
    '',
    ...Object.entries(lines).map(([name, value]) => `  export ${name}=${value}`),
    '',
    'Stop it with Ctrl-C.',
    '',
  ].join('\n')

const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      process.removeListener('SIGTERM', stop)
      process.removeListener('SIGINT', stop)
      resolve()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })

export interface CommandIo {
  readonly env: NodeJS.ProcessEnv
  readonly stdout: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/**
 * Runs the emulator for `longshore dev-oss` until SIGTERM or SIGINT. Once it is ready it prints where it listens, as a
 * line of JSON, or as text on a terminal. It resolves to the exit code: 0 when it was stopped, 64 for wrong flags, 1
 * when it could not start.
 */
export const runDevOss = async (args: readonly string[], io: CommandIo = process): Promise<number> => {
  try {
    const flags = readFlags(args)
    if (flags.help) {
      io.stdout.write(help)
      return 0
    }
    const emulator = await start(flags, io.env)
    const lines = environmentLines(emulator, io.env)
    const ready = { msg: 'listening', address: emulator.url, environment: lines }
    io.stdout.write(io.stdout.isTTY ? friendlyText(emulator, flags, lines) : `${JSON.stringify(ready)}\n`)
    await untilStopped()
    await emulator.close()
    return 0
  } catch (error) {
    io.stderr.write(`longshore dev-oss: ${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof UsageError ? usageExit : 1
  }
}
