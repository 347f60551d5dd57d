import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OSS from 'ali-oss'
import { onTestFinished } from 'vitest'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/oss-emulator/emulator.js'

export const credentials = { accessKeyId: 'test-id', accessKeySecret: 'test-secret' }
export const bucket = 'test-bucket'

export const makeDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'oss-emulator-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** An emulator for one test, in a directory of its own unless the test brings one. */
export const startTestEmulator = async (options: Partial<EmulatorOptions> = {}): Promise<Emulator> => {
  const directory = options.directory ?? (await makeDirectory())
  const emulator = await startEmulator({ buckets: [bucket], credentials, faultControl: true, ...options, directory })
  onTestFinished(() => emulator.close())
  return emulator
}

/** What ali-oss has and its types lack. */
interface Untyped {
  authorizationV4(
    method: string,
    request: { headers: Record<string, string>; queries: Record<string, string | null> },
    bucket?: string,
    key?: string,
    additionalHeaders?: readonly string[],
  ): string
  authorization(
    method: string,
    resource: string,
    subResources: Record<string, string>,
    headers: Record<string, string>,
  ): string
  request(params: Record<string, unknown>): Promise<{ status: number; headers: IncomingHttpHeaders; data: unknown }>
  _uploadPart(key: string, uploadId: string, partNumber: number, data: object): Promise<{ etag: string }>
}
export type Client = OSS & Untyped

/** Names below localhost are not known to every machine's resolver. */
const loopbackAgent = (): Agent => {
  const agent = new Agent({
    keepAlive: true,
    lookup: (_host, options, callback) => {
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }] as never)
      else callback(null, '127.0.0.1', 4)
    },
  })
  onTestFinished(() => agent.destroy())
  return agent
}

export type Addressing = 'path' | 'virtual'
export type Signature = 'v1' | 'v4'

export const createClient = (
  emulator: Emulator,
  addressing: Addressing = 'path',
  signature: Signature = 'v4',
  options: Record<string, unknown> = {},
): Client =>
  new OSS({
    endpoint: `http://localhost:${emulator.port}`,
    region: 'oss-cn-hangzhou',
    bucket,
    ...credentials,
    sldEnable: addressing === 'path',
    authorizationV4: signature === 'v4',
    agent: loopbackAgent(),
    ...options,
  } as OSS.Options) as Client

export interface RawRequest {
  readonly method: string
  readonly bucket?: string
  readonly key?: string
  readonly query?: Readonly<Record<string, string | null>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** When the request says it was made. */
  readonly date?: Date
  readonly additionalHeaders?: readonly string[]
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

const encodeQuery = (query: Readonly<Record<string, string | null>>): string =>
  Object.entries(query)
    .map(([name, value]) => (value === null ? name : `${name}=${encodeURIComponent(value)}`))
    .join('&')

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
}

/** Method, target and headers of a V4-signed path-style request. The signature is ali-oss's. */
export const sign = (client: Client, raw: RawRequest): SignedRequest => {
  const { method, key = '', query = {} } = raw
  const name = raw.bucket ?? bucket
  const date = (raw.date ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '')
  const headers: Record<string, string> = {
    'x-oss-date': date,
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    ...raw.headers,
  }
  headers['authorization'] = client.authorizationV4(
    method,
    { headers, queries: { ...query } },
    name,
    key,
    raw.additionalHeaders ?? [],
  )
  const search = encodeQuery(query)
  const encodedKey = key.split('/').map(encodeURIComponent).join('/')
  return { method, path: `/${name}/${encodedKey}${search === '' ? '' : `?${search}`}`, headers }
}

/** Sends bytes as they are and takes any answer; rejects only when there is none. */
export const send = (
  emulator: Emulator,
  { method, path, headers }: SignedRequest,
  body: Buffer | string = '',
): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port: emulator.port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const whole = Buffer.concat(chunks)
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: whole,
            text: whole.toString('utf8'),
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** Signs and sends in one go. */
export const call = (emulator: Emulator, raw: RawRequest): Promise<RawAnswer> => {
  const body = raw.body ?? ''
  const headers = { 'content-length': String(Buffer.byteLength(body)), ...raw.headers }
  return send(emulator, sign(createClient(emulator), { ...raw, headers }), body)
}

/** The text of the first element of that name. */
export const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]

/** Begins a multipart upload. */
export const initiate = async (emulator: Emulator, key: string, raw: Partial<RawRequest> = {}): Promise<string> => {
  const answer = await call(emulator, { method: 'POST', key, ...raw, query: { uploads: null, ...raw.query } })
  return element(answer.text, 'UploadId') ?? ''
}

export const putPart = (
  emulator: Emulator,
  key: string,
  uploadId: string,
  partNumber: number,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> =>
  call(emulator, { method: 'PUT', key, query: { partNumber: String(partNumber), uploadId }, body, headers })

export const complete = (
  emulator: Emulator,
  key: string,
  uploadId: string,
  parts: readonly { readonly partNumber: number; readonly etag: string }[],
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> => {
  const listed = parts.map(
    ({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`
  return call(emulator, { method: 'POST', key, query: { uploadId }, body, headers })
}

/** Waits until `condition` holds, or fails the test's own timeout. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2))
}
