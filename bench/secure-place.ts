import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { selfSigned } from '../test/adapters/oss/certificates.js'
import type { BenchContext } from './bench-context.js'
import { bucket, type Place } from './bench-daemon.js'

/** ali-oss takes an address for one of these names, and requires the name in the certificate. */
const aliOssHost = `${bucket}.oss-cn-hangzhou.aliyuncs.com`

/** Returns the same place with TLS 1.3, by a certificate that is its own authority. */
export const securePlace = async ({ sink, place }: BenchContext): Promise<Place> => {
  const keyFile = join(place.workDir, 'key.pem')
  const caFile = join(place.workDir, 'cert.pem')
  const { key, cert } = selfSigned('IP:127.0.0.1', `DNS:${aliOssHost}`)
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(caFile, cert)
  return { ...place, endpoint: await sink.secure(keyFile, caFile), caFile }
}
