import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type BenchSetup, bucket, keys } from '../daemon/bench-daemon.js'
import { partSize } from '../daemon/sources.js'

export interface AliOssTask {
  readonly kind: 'multipart' | 'put'
  readonly endpoint: string
  readonly bucket: string
  readonly keyId: string
  readonly keySecret: string
  readonly partSize: number
  /** This is the number of parts of one file, or of files, in flight. */
  readonly parallel: number
  readonly files: readonly { readonly path: string; readonly key: string }[]
}

/**
 * The figures are measured inside the process, from the first call to the last answer, so the start of the process does
 * not count.
 */
export interface AliOssReport {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakRssBytes: number
}

/** Uploads with ali-oss in a process of its own. Throws when it fails. */
export const runAliOss = async (
  { endpoint, caFile }: BenchSetup,
  task: Pick<AliOssTask, 'kind' | 'parallel' | 'files'>,
): Promise<AliOssReport> => {
  const whole: AliOssTask = { ...task, endpoint, bucket, keyId: keys.id, keySecret: keys.secret, partSize }
  const program = fileURLToPath(new URL('./ali-oss-process.js', import.meta.url))
  const env = { ...process.env, ...(caFile === null ? {} : { NODE_EXTRA_CA_CERTS: caFile }) }
  const child = fork(program, { execArgv: [], env })
  child.send(whole)
  const reported = once(child, 'message')
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`ali-oss ended with ${code}`)))
  const [report] = await Promise.race([reported, failed])
  await failed.catch(() => {})
  return report as AliOssReport
}
