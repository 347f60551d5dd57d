import type { ServerResponse } from 'node:http'
import { afterEach } from 'vitest'
import type { OssTargetDeps } from '../../../src/adapters/oss/api/oss-target.js'
import type { Target } from '../../../src/ports/target.js'
import { errorXml, type SeenRequest, startHttpServer, until } from './raw-servers.js'
import { createSourceFile, openSockets, type SourceFile } from './source-file.js'
import { noOptions, object, targetFor, unaborted, upload } from './target-setup.js'

type Answerer = (request: SeenRequest, response: ServerResponse, turn: number) => void

export const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export const setup = async (answer: Answerer, changes: Partial<OssTargetDeps> = {}) => {
  const socketsBefore = openSockets()
  let turn = 0
  const server = await startHttpServer((request, response) => answer(request, response, ++turn))
  const { target, log } = targetFor(server.url, changes)
  const source = await createSourceFile(300_000)
  cleanups.push(async () => {
    await target.close()
    await until('the target leaves no connection behind', () => server.open() === 0)
    await server.close()
    await source.remove()
    await until('no socket is left', () => openSockets() <= socketsBefore)
  })
  return { ...server, target, source, log }
}

export const reply = (response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void => {
  response.writeHead(status, { 'x-oss-request-id': 'REQ-1', 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
export const refuse = (
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void => reply(response, status, headers, errorXml(code))

export const sendOptions = { onProgress: () => {} }
export const actions = {
  initiate: (target: Target, _source: SourceFile, signal = unaborted()) => target.initiate(object, noOptions, signal),
  part: (target: Target, source: SourceFile, signal = unaborted()) =>
    target.uploadPart(upload, 1, source.range(), noOptions, { ...sendOptions, signal }),
  put: (target: Target, source: SourceFile, signal = unaborted()) =>
    target.putObject(object, source.range(), noOptions, { ...sendOptions, signal, confirm: async () => {} }),
  list: (target: Target, _source: SourceFile, signal = unaborted()) => target.listParts(upload, signal),
  complete: (target: Target, _source: SourceFile, signal = unaborted()) =>
    target.complete(upload, [{ partNumber: 1, etag: 'E1' }], noOptions, signal),
  abort: (target: Target, _source: SourceFile, signal = unaborted()) => target.abort(upload, signal),
  head: (target: Target, _source: SourceFile, signal = unaborted()) => target.head(object, signal),
}
export const actionNames = Object.keys(actions) as (keyof typeof actions)[]

export const completedXml =
  '<CompleteMultipartUploadResult><Bucket>bucket-a</Bucket><Key>dir/a.bin</Key><ETag>"ABC-1"</ETag></CompleteMultipartUploadResult>'
