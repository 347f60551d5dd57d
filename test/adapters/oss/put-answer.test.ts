import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPutAnswer } from '../../../src/adapters/oss/wire/put-answer.js'

const read = (text: string) => readPutAnswer(Buffer.from(text, 'latin1'))
const ok = 'HTTP/1.1 200 OK\r\nETag: "A"\r\nx-oss-hash-crc64ecma: 7\r\nContent-Length: 0\r\n\r\n'
const chunked = 'HTTP/1.1 200 OK\r\nETag: "A"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'

describe('the answer to a small PUT', () => {
  it('is read with its headers, in lower case', () => {
    const answer = read(ok)
    expect(answer).toMatchObject({ status: 200, keepsAlive: true })
    expect(typeof answer === 'string' ? null : answer.headers.get('x-oss-hash-crc64ecma')).toBe('7')
  })

  it.each([ok, chunked])('asks for more until all of it is there: %j', (text) => {
    for (let length = 0; length < text.length; length++) expect(read(text.slice(0, length))).toBe('more')
    expect(read(text)).toMatchObject({ status: 200 })
  })

  it.each([
    ['bytes behind its end', `${ok}x`],
    ['a second answer behind it', ok + ok],
    ['a chunk', chunked.replace('0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n')],
    ['a body after a success', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['no length', 'HTTP/1.1 200 OK\r\nETag: "A"\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'],
    ['a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['two checksums', ok.replace('ETag', 'x-oss-hash-crc64ecma: 8\r\nETag')],
    ['a line that goes on with the last', 'HTTP/1.1 200 OK\r\nETag: "A"\r\n more: x\r\nContent-Length: 0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n'],
    ['an interim status', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['an old protocol', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ])('is odd with %s', (_, text) => {
    expect(read(text)).toBe('odd')
  })

  it('lets go of the connection after a refusal, and when the server says so', () => {
    expect(read('HTTP/1.1 503 Busy\r\nContent-Length: 900\r\n\r\n<Err')).toMatchObject({
      status: 503,
      keepsAlive: false,
    })
    expect(read(ok.replace('ETag', 'Connection: Close\r\nETag'))).toMatchObject({ status: 200, keepsAlive: false })
  })

  it('never throws, and is a success only with the status 200', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: ok.length }), (noise, at) => {
        const bytes = Buffer.concat([Buffer.from(ok.slice(0, at)), noise, Buffer.from(ok.slice(at))])
        const answer = readPutAnswer(bytes)
        if (typeof answer !== 'string' && answer.status === 200) {
          expect(bytes.toString('latin1')).toMatch(/^HTTP\/1\.1 200 ?/)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
