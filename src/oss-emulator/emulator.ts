import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkBucketName, isPathStyle } from './address.js'
import { createAuthenticator, type EmulatorCredentials } from './authenticate.js'
import { createBandwidth } from './bandwidth.js'
import { createControl, type EmulatorControl } from './control.js'
import { controlPrefix, handleControl } from './control-http.js'
import { createExchange } from './exchange.js'
import { createFaults } from './fault.js'
import { createLedger } from './ledger.js'
import { openStorage, type Storage } from './storage.js'

export interface EmulatorOptions {
  /** Objects and parts are kept here. What an earlier run left here is served again. */
  readonly directory: string
  /** The default, 0, takes a free port. */
  readonly port?: number
  readonly host?: string
  /** These buckets are made when they do not exist yet. */
  readonly buckets: readonly string[]
  readonly credentials: EmulatorCredentials
  /** The region has no `oss-`. V4 signatures for another region are refused. Undefined accepts any region. */
  readonly region?: string
  /** True offers the control API below `/-/control/`. It is refused when `host` is not a loopback address. */
  readonly faultControl?: boolean
  /** This is the limit in bytes per second for all request bodies together. */
  readonly bandwidth?: number
  /** These host names stand for a bucket. */
  readonly cnames?: Readonly<Record<string, string>>
}

export interface Emulator {
  /** The URL is `http://host:port`, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly control: EmulatorControl
  /** Cuts every connection, and resolves when nothing of the emulator touches its directory any more. */
  close(): Promise<void>
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })

/**
 * Starts an OSS-compatible server on plain HTTP. It rejects when it cannot listen, when another process has the
 * directory open, or when an option makes no sense.
 */
export const startEmulator = async (options: EmulatorOptions): Promise<Emulator> => {
  const { directory, host = '127.0.0.1', port = 0, buckets, credentials, region, cnames = {} } = options
  if (options.faultControl && !isLoopback(host)) throw new Error('Fault control is for loopback addresses only.')
  for (const bucket of buckets) checkBucketName(bucket)

  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0, noDelay: true })
  // The port is taken before the directory is touched, so that a second start by mistake does no harm.
  await listen(server, port, host)
  const { port: bound } = server.address() as AddressInfo
  let storage: Storage
  try {
    storage = openStorage(directory)
  } catch (error) {
    server.close()
    throw error
  }
  for (const bucket of buckets) {
    if (storage.bucket(bucket) === undefined) storage.commit({ type: 'bucket', bucket, createdAt: Date.now() })
  }

  const faults = createFaults()
  const ledger = createLedger()
  const bandwidth = createBandwidth(options.bandwidth ?? null)
  const authenticator = createAuthenticator(credentials, region)
  const control = createControl({ storage, faults, ledger, bandwidth, authenticator })
  const exchange = createExchange({
    storage,
    authenticator,
    faults,
    ledger,
    bandwidth,
    region: region ?? 'cn-hangzhou',
    cnames,
  })

  const open = new Set<Promise<void>>()
  const handle = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void => {
    const isControl = request.url?.startsWith(controlPrefix) === true && isPathStyle(request.headers.host ?? '')
    const handled = isControl
      ? handleControl(request, response, options.faultControl === true ? control : null)
      : exchange(request, response, awaitsContinue)
    open.add(handled)
    void handled.finally(() => open.delete(handled))
  }
  server.on('request', (request, response) => handle(request, response, false))
  server.on('checkContinue', (request, response) => handle(request, response, true))

  let closing: Promise<void> | null = null
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    control,
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }).then(async () => {
        await Promise.allSettled(open)
        storage.close()
      })
      return closing
    },
  }
}
