import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { DoctorReport } from '../../src/cli/text/doctor-report.js'
import { runMain } from './daemon-process.js'
import { bucket, createWorld, type World } from './world.js'

let world: World
let server: Server
afterEach(async () => {
  await world.end()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const right = 'oss-cn-beijing.aliyuncs.com'
const refusal = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Use the specified endpoint.</Message><RequestId>R1</RequestId><Endpoint>${right}</Endpoint></Error>`

const answers = {
  'another region': { status: 403, headers: { 'x-oss-request-id': 'R1' }, body: refusal },
  'a redirect': {
    status: 301,
    headers: { 'x-oss-request-id': 'R1', location: `http://${bucket}.${right}/x` },
    body: '',
  },
  'a hop': { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>Forbidden' },
} as const

const setup = async (name: keyof typeof answers) => {
  world = await createWorld()
  const { status, headers, body } = answers[name]
  server = createServer((request, response) =>
    request.resume().on('end', () => response.writeHead(status, headers).end(body)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { OSS_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe.each([
  ['another region', `the right endpoint is ${right}`, `Set OSS_ENDPOINT to ${right}`],
  ['a redirect', `it redirects to ${bucket}.${right}`, `Set OSS_ENDPOINT to ${bucket}.${right}`],
  ['a hop', 'Something in front of OSS answered', 'the answer does not come from OSS'],
] as const)('an endpoint that is %s', (name, said, remedy) => {
  it('is named by the error of a job that goes by a put, and of one that goes in parts', async () => {
    const settings = await setup(name)
    const daemon = await world.start(settings)
    for (const size of [1_000, 300_000]) {
      const path = await world.makeSource(`file-${size}`, size)
      const { id } = await daemon.submit({
        source: { path },
        target: { bucket, key: 'x' },
        multipartThreshold: 102_400,
        partSize: 102_400,
      })
      const job = await daemon.settled(id)
      expect(job.state).toBe('failed')
      expect(job.error?.message).toContain(said)
    }
  })

  it('is named by the doctor, with what to do', async () => {
    const settings = await setup(name)
    const { code, stdout } = await runMain(['doctor', '--json', `oss://${bucket}/`], { ...world.settings, ...settings })
    const { checks } = JSON.parse(stdout) as DoctorReport
    const probed = checks.find((check) => check.name === 'bucket')
    expect(code).toBe(1)
    expect(probed).toMatchObject({ status: 'failed', detail: expect.stringContaining(said) })
    expect(probed?.remedy).toContain(remedy)
    if (name !== 'another region') {
      expect(checks.find((check) => check.name === 'endpoint')).toMatchObject({ status: 'warning' })
    }
  })
})
