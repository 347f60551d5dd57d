import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Clock } from '../../../ports/clock.js'
import type { Credentials } from '../../../ports/credentials.js'
import type { FilePut, FileToPut, ObjectOptions, ObjectRef, Target } from '../../../ports/target.js'
import type { DataPool } from '../lanes/data-path.js'
import type { FileOrder, FileReport } from '../lanes/send-files.js'
import { refuseUnsafeNames } from '../wire/addressing.js'
import type { Network, Route } from '../wire/network.js'
import { dataTimeouts, type OssTimeouts } from '../wire/timeouts.js'
import { decimal, unquote } from './oss-answers.js'
import type { SignedPut, SignPut } from './signer.js'
import type { SpoiltWays } from './spoilt-ways.js'

interface Deps {
  readonly pool: Pick<DataPool, 'sendFiles'>
  readonly timeouts: OssTimeouts
  readonly credentials: Pick<Credentials, 'current' | 'accepted'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly signPut: SignPut
  readonly network: Pick<Network, 'proxyFor'>
  readonly ways: SpoiltWays
  routeOf(bucket: string): Route
  headersFor(call: 'put', object: ObjectRef, objectOptions: ObjectOptions): Record<string, string>
}

/** Returns the head of the request as it goes out. Throws when a header could not be sent by Node's own client either. */
const headOf = ({ path, headers }: SignedPut): string => {
  let head = `PUT ${path} HTTP/1.1\r\n`
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    head += `${name}: ${value}\r\n`
  }
  return `${head}\r\n`
}

/** Creates the way of small files that are sent together. */
export const createPutFiles = (deps: Deps): Target['putFiles'] => {
  const { pool, timeouts, credentials, clock, signPut, network, ways, routeOf, headersFor } = deps

  /** Whether requests go out plainly: directly, and without the proof that a spoilt way needs. */
  const isPlain = (route: Route): boolean => network.proxyFor(route) === null && !ways.needsMd5(null)

  const orderOf = (file: FileToPut, { host }: Route): FileOrder => {
    refuseUnsafeNames(file.object)
    const routed = headersFor('put', file.object, file.objectOptions)
    const { size } = file.fingerprint
    const limits = dataTimeouts(timeouts, size, routed['x-oss-traffic-limit'])
    const { path, fingerprint, within } = file
    const head = headOf(signPut(file.object, {}, { ...routed, host, 'content-length': String(size) }))
    return { head, path, fingerprint, timeouts: limits, ...(within === undefined ? {} : { within }) }
  }

  const putOf = (file: FileToPut, report: FileReport): FilePut => {
    if (report.is === 'unsent') return report
    const { ms } = report
    if (report.is === 'failed') return { is: 'unproven', why: report.why, mayBeMade: report.mayBeDone, ms }
    const etag = unquote(report.etag ?? '')
    const { crc64, versionId, requestId } = report
    const serverCrc64 = decimal(report.serverCrc64)
    if (serverCrc64 !== null && serverCrc64 !== crc64) ways.noteMismatch(null)
    if (etag === '' || serverCrc64 !== crc64) {
      return { is: 'unproven', why: 'its answer proves nothing', mayBeMade: true, ms }
    }
    const { size } = file.fingerprint
    const version = versionId === 'null' ? null : versionId
    return { is: 'put', size, etag, crc64, serverCrc64, requestId, versionId: version, ms }
  }

  return async (files, { signal, until }) => {
    const first = files[0]
    if (first === undefined) return []
    const keys = credentials.current()
    try {
      const route = routeOf(first.object.bucket)
      if (!isPlain(route)) return files.map(() => ({ is: 'unsent', why: 'its way is not plain', isSkipped: false }))
      const leftMs = until.monotonic - clock.monotonic()
      const reports = await pool.sendFiles(
        {
          peer: { protocol: route.protocol, hostname: route.hostname, port: route.port },
          files: files.map((file) => orderOf(file, route)),
          until: { hrMs: Number(process.hrtime.bigint() / 1_000_000n) + leftMs, wallMs: until.wall },
        },
        signal,
      )
      const puts = reports.map((report, index) => putOf(files[index] as FileToPut, report))
      if (puts.some(({ is }) => is === 'put')) credentials.accepted(keys)
      return puts
    } catch (error) {
      // It may have ended in the middle, and then nobody knows how far it came.
      const why = error instanceof Error ? error.message : String(error)
      return files.map(() => ({ is: 'unproven', why, mayBeMade: true, ms: 0 }))
    }
  }
}
