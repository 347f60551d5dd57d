import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { BenchContext } from './bench-context.js'
import { bucket, type Place } from './bench-daemon.js'

/** ali-oss takes an address for one of these names, and wants to see it in the certificate. */
const aliOssHost = `${bucket}.oss-cn-hangzhou.aliyuncs.com`

/** The same place with TLS 1.3, by a certificate that is its own authority. Throws where openssl is missing. */
export const securePlace = async ({ sink, place }: BenchContext): Promise<Place> => {
  const keyFile = join(place.workDir, 'key.pem')
  const caFile = join(place.workDir, 'cert.pem')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile]
  const names = ['-subj', '/CN=sink', '-addext', `subjectAltName=IP:127.0.0.1,DNS:${aliOssHost}`, '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...key, ...names, '-out', caFile], { stdio: 'ignore' })
  return { ...place, endpoint: await sink.secure(keyFile, caFile), caFile }
}
