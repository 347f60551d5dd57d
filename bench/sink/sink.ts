import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type SinkAnswer, type SinkExchange, type SinkRequest, serveIntoOneBuffer } from './sink-connection.js'
import type { DataRequest, KnownBytes, RemoteAnswer, RemoteRequest, SinkOrder, SinkReport } from './sink-protocol.js'

// This is a process of its own, which sink-process.ts starts. It speaks as much OSS (and S3) as uploading needs, keeps
// no bytes and checks no signatures, because the client is what is measured.

interface Upload {
  readonly key: string
  readonly parts: Map<number, { readonly size: number; readonly crc64: string | null }>
}

const etag = '"00000000000000000000000000000000"'
const known = new Map<string, string>()
const objects = new Map<string, { readonly size: number; readonly crc64: string | null }>()
const uploads = new Map<string, Upload>()
let ledger: DataRequest[] = []
let alarmBytes: number | null = null
let dataBytes = 0
let requestCount = 0

const report = (message: SinkReport): void => void process.send?.(message)

const knownId = ({ name, partNumber, size }: Omit<KnownBytes, 'crc64'>): string => `${name} ${partNumber} ${size}`
const crc64Of = (key: string, partNumber: number, size: number): string | null =>
  known.get(knownId({ name: key.slice(key.lastIndexOf('/') + 1), partNumber, size })) ?? null

const success = (crc64: string | null, body = ''): SinkAnswer => ({
  status: 200,
  headers: {
    etag,
    'x-oss-request-id': String(++requestCount),
    ...(crc64 === null ? {} : { 'x-oss-hash-crc64ecma': crc64 }),
    ...(body === '' ? {} : { 'content-type': 'application/xml' }),
  },
  body,
})
const notFound = (code: string): SinkAnswer => ({ status: 404, body: `<Error><Code>${code}</Code></Error>` })

const takeData = ({ path, query, size }: SinkRequest): SinkExchange => {
  const partNumber = Number(query.get('partNumber') ?? 0)
  const entry: DataRequest = {
    key: path,
    partNumber,
    at: performance.timeOrigin + performance.now(),
    received: 0,
    whole: false,
  }
  ledger.push(entry)
  return {
    received(bytes) {
      entry.received += bytes
      dataBytes += bytes
      if (alarmBytes === null || dataBytes < alarmBytes) return
      alarmBytes = null
      report({ kind: 'alarm' })
    },
    answer(reply) {
      entry.whole = true
      const crc64 = crc64Of(path, partNumber, size)
      const upload = uploads.get(query.get('uploadId') ?? '')
      if (partNumber === 0) objects.set(path, { size, crc64 })
      else if (upload === undefined) return reply(notFound('NoSuchUpload'))
      else upload.parts.set(partNumber, { size, crc64 })
      reply(success(crc64))
    },
  }
}

const initiate = (path: string): SinkAnswer => {
  const uploadId = `upload-${++requestCount}`
  uploads.set(uploadId, { key: path, parts: new Map() })
  return success(
    null,
    `<InitiateMultipartUploadResult><Bucket>bench</Bucket><Key>${path}</Key><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`,
  )
}

const complete = (uploadId: string): SinkAnswer => {
  const upload = uploads.get(uploadId)
  if (upload === undefined) return notFound('NoSuchUpload')
  uploads.delete(uploadId)
  let size = 0
  for (const part of upload.parts.values()) size += part.size
  const crc64 = crc64Of(upload.key, 0, size)
  objects.set(upload.key, { size, crc64 })
  return success(
    crc64,
    `<CompleteMultipartUploadResult><Location>sink</Location><Bucket>bench</Bucket><Key>${upload.key}</Key><ETag>${etag}</ETag></CompleteMultipartUploadResult>`,
  )
}

const listParts = (uploadId: string): SinkAnswer => {
  const upload = uploads.get(uploadId)
  if (upload === undefined) return notFound('NoSuchUpload')
  const parts = [...upload.parts].sort(([a], [b]) => a - b)
  const items = parts.map(
    ([partNumber, { size, crc64 }]) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag><Size>${size}</Size>${
        crc64 === null ? '' : `<HashCrc64ecma>${crc64}</HashCrc64ecma>`
      }</Part>`,
  )
  return success(null, `<ListPartsResult><IsTruncated>false</IsTruncated>${items.join('')}</ListPartsResult>`)
}

const head = (path: string): SinkAnswer => {
  const object = objects.get(path)
  if (object === undefined) return { status: 404 }
  const { headers } = success(object.crc64)
  return { status: 200, headers: { ...headers, 'content-length': String(object.size) } }
}

const control = ({ method, path, query }: SinkRequest): SinkAnswer => {
  const uploadId = query.get('uploadId') ?? ''
  if (method === 'HEAD') return head(path)
  if (method === 'POST') return query.has('uploads') ? initiate(path) : complete(uploadId)
  if (method === 'DELETE') return uploads.delete(uploadId) ? { status: 204 } : notFound('NoSuchUpload')
  if (query.has('uploadId')) return listParts(uploadId)
  return success(null, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>')
}

const begin = (request: SinkRequest): SinkExchange =>
  request.method === 'PUT' ? takeData(request) : { received: () => {}, answer: (reply) => reply(control(request)) }

const secureWorkers = 2

const secure = async (keyFile: string, certFile: string): Promise<void> => {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./secure-sink.js', import.meta.url)), args: [keyFile, certFile] })
  const workers = Array.from({ length: secureWorkers }, () => cluster.fork())
  for (const worker of workers) {
    worker.on('message', ({ id, received, query, ...request }: RemoteRequest) => {
      const exchange = begin({ ...request, query: new URLSearchParams(query) })
      exchange.received(received)
      exchange.answer((answer) => worker.send({ id, answer } satisfies RemoteAnswer))
    })
  }
  const [addresses] = await Promise.all(workers.map((worker) => once(worker, 'listening')))
  const pids = workers.flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]))
  report({ kind: 'secured', port: addresses?.[0].port, pids })
}

const obey = (order: SinkOrder): void => {
  if (order.kind === 'secure') {
    void secure(order.keyFile, order.certFile)
    return
  }
  if (order.kind === 'ledger') {
    report({ kind: 'ledger', requests: ledger })
    return
  }
  if (order.kind === 'know') {
    for (const bytes of order.bytes) known.set(knownId(bytes), bytes.crc64)
  } else {
    objects.clear()
    uploads.clear()
    ledger = []
    dataBytes = 0
    alarmBytes = order.alarmBytes
  }
  report({ kind: 'done' })
}

const server = createServer({ pauseOnConnect: true }, (socket) => {
  serveIntoOneBuffer(socket, begin)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sink has no port')
  report({ kind: 'listening', port: address.port })
})
process.on('message', (order) => obey(order as SinkOrder))
// The process that started this one is gone.
process.on('disconnect', () => process.exit(0))
