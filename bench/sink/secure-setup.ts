import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { selfSigned } from '../../test/adapters/oss/certificates.js'
import type { BenchContext } from '../bench-context.js'
import { type BenchSetup, bucket } from '../daemon/bench-daemon.js'

/** ali-oss takes an address for one of these names, and requires the name in the certificate. */
const aliOssHost = `${bucket}.oss-cn-hangzhou.aliyuncs.com`

/** Returns the same setup with TLS 1.3, by a certificate that is its own authority. */
export const secureSetup = async ({ sink, setup }: BenchContext): Promise<BenchSetup> => {
  const keyFile = join(setup.workDir, 'key.pem')
  const caFile = join(setup.workDir, 'cert.pem')
  const { key, cert } = selfSigned('IP:127.0.0.1', `DNS:${aliOssHost}`)
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(caFile, cert)
  return { ...setup, endpoint: await sink.secure(keyFile, caFile), caFile }
}
