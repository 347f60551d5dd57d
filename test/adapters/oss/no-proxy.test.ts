import { describe, expect, it } from 'vitest'
import { createExemption } from '../../../src/adapters/oss/wire/no-proxy.js'

describe('NO_PROXY', () => {
  it.each<[string, string, number, boolean]>([
    ['*', 'anything.example', 443, true],
    ['oss.example', 'oss.example', 443, true],
    ['oss.example', 'bucket.oss.example', 443, true],
    ['oss.example', 'notoss.example', 443, false],
    ['oss.example.', 'oss.example', 443, true],
    ['OSS.Example', 'oss.example', 443, true],
    ['oss.example', 'oss.example.', 443, true],
    ['.example', 'oss.example', 443, true],
    ['.example', 'example', 443, false],
    ['*.example', 'a.b.example', 443, true],
    ['*.example', 'example', 443, false],
    ['oss.example:9000', 'oss.example', 9000, true],
    ['oss.example:9000', 'bucket.oss.example', 9000, true],
    ['oss.example:9000', 'oss.example', 443, false],
    ['127.0.0.1', '127.0.0.1', 9000, true],
    ['127.0.0.1', '127.0.0.10', 9000, false],
    ['127.0.0.1:9000', '127.0.0.1', 9000, true],
    ['127.0.0.1:9000', '127.0.0.1', 9001, false],
    ['0.0.1', '127.0.0.1', 80, false],
    ['::1', '::1', 80, true],
    ['[::1]', '::1', 80, true],
    ['0:0:0:0:0:0:0:1', '::1', 80, true],
    ['[::1]:9000', '::1', 9000, true],
    ['[::1]:9000', '::1', 80, false],
    ['10.0.0.0/8', '10.20.30.40', 80, true],
    ['10.0.0.0/8', '11.0.0.1', 80, false],
    ['10.0.0.0/8', 'ten.example', 80, false],
    ['fd00::/8', 'fd12::1', 80, true],
    ['fd00::/8', 'fe80::1', 80, false],
    ['localhost', 'bucket.localhost', 9000, true],
    ['localhost', '127.0.0.1', 9000, false],
  ])('%s and %s:%i: %s', (entry, hostname, port, exempt) => {
    expect(createExemption([entry])(hostname, port)).toBe(exempt)
    expect(createExemption(['elsewhere.example', entry])(hostname, port)).toBe(exempt)
  })

  it.each(['', ' ', '.', '*.', '10.0.0.0/33', '10.0.0.0/', 'name/8', '10.0.0.0/-1', '[::1', 'a:b:c', ':80', '/'])(
    'exempts nothing by %o, which means nothing',
    (entry) => {
      const exempts = createExemption([entry])
      for (const hostname of ['oss.example', '10.0.0.1', '::1', 'a']) expect(exempts(hostname, 80)).toBe(false)
    },
  )
})
