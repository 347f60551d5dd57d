import { once } from 'node:events'
import OSS from 'ali-oss'
import type { AliOssReport, AliOssTask } from './ali-oss.js'

// This process uses the SDK as most programs do. Parent and child exchange one task and one report.

const [task] = (await once(process, 'message')) as [AliOssTask]
const options = {
  accessKeyId: task.keyId,
  accessKeySecret: task.keySecret,
  bucket: task.bucket,
  region: 'oss-cn-hangzhou',
  endpoint: task.endpoint,
  secure: task.endpoint.startsWith('https:'),
  authorizationV4: true,
  // This option puts the bucket into the path. The SDK's types do not know it.
  sldEnable: true,
  timeout: 600_000,
}
const client = new OSS(options)

const put = async (): Promise<void> => {
  const left = task.files.values()
  const worker = async (): Promise<void> => {
    for (const { path, key } of left) await client.put(key, path)
  }
  await Promise.all(Array.from({ length: task.parallel }, worker))
}

const multipart = async (): Promise<void> => {
  for (const { path, key } of task.files) {
    await client.multipartUpload(key, path, { parallel: task.parallel, partSize: task.partSize })
  }
}

const cpuBefore = process.cpuUsage()
const began = performance.now()
await (task.kind === 'put' ? put() : multipart())
const seconds = (performance.now() - began) / 1000
const cpu = process.cpuUsage(cpuBefore)
const report: AliOssReport = {
  seconds,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
}
process.send?.(report, () => process.exit(0))
