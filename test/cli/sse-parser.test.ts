import { describe, expect, it } from 'vitest'
import { createSseParser } from '../../src/cli/client/sse-parser.js'

const stream = [
  ': hello',
  'retry: 1000',
  '',
  'id: 7',
  'event: job.queued',
  'data: {"a":1}',
  '',
  'data: two',
  'data:  lines',
  '',
  'event: empty',
  '',
  'id',
  'data',
  '',
  '',
]

const messages = [
  { id: '7', event: 'job.queued', data: '{"a":1}' },
  { id: '7', event: 'message', data: 'two\n lines' },
  { id: '', event: 'message', data: '' },
]

describe('the server-sent event parser', () => {
  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('reads a stream with %s line ends, wherever it is cut', (_name, end) => {
    const text = `${stream.join(end)}x`
    for (let cut = 0; cut <= text.length; cut++) {
      const parse = createSseParser()
      expect([...parse(text.slice(0, cut)), ...parse(text.slice(cut))]).toEqual(messages)
    }
  })

  it('gives nothing of a message that is not complete', () => {
    expect(createSseParser()('id: 1\ndata: x\n')).toEqual([])
  })
})
