import { describe, expect, it } from 'vitest'
import { addressingOf, authorityOf, endpointProblem } from '../../../src/adapters/oss/wire/addressing.js'

describe('authorityOf', () => {
  it.each([
    ['https://oss-cn-hangzhou.aliyuncs.com', 'virtual', 'https:', 'b.oss-cn-hangzhou.aliyuncs.com', 443],
    ['https://oss-cn-hangzhou.aliyuncs.com', 'path', 'https:', 'oss-cn-hangzhou.aliyuncs.com', 443],
    ['http://files.example.com', 'cname', 'http:', 'files.example.com', 80],
    ['http://localhost:9000', 'virtual', 'http:', 'b.localhost', 9000],
    ['http://127.0.0.1:9000', 'path', 'http:', '127.0.0.1', 9000],
    ['http://[::1]:9000', 'path', 'http:', '::1', 9000],
  ] as const)('finds bucket b of %s by %s addressing', (endpoint, addressing, protocol, hostname, port) => {
    const url = new URL(endpoint)
    const host = addressing === 'virtual' ? `b.${url.host}` : url.host
    expect(authorityOf(url, addressing, 'b')).toEqual({ protocol, hostname, port, host })
  })
})

describe('addressingOf', () => {
  it.each([
    ['http://10.0.0.1', 'virtual', 'path'],
    ['http://[::1]:9000', 'virtual', 'path'],
    ['http://[::1]:9000', 'cname', 'cname'],
    ['http://localhost:9000', 'virtual', 'virtual'],
    ['https://oss-cn-hangzhou-internal.aliyuncs.com', 'virtual', 'virtual'],
    ['https://oss.example', 'path', 'path'],
  ] as const)('addresses buckets of %s, when %s was chosen, by %s', (endpoint, chosen, addressing) => {
    expect(addressingOf(new URL(endpoint), chosen)).toBe(addressing)
  })
})

describe('endpointProblem', () => {
  it.each([
    'ftp://oss.example',
    'http://user@oss.example',
    'http://:password@oss.example',
    'http://oss.example/prefix',
    'http://oss.example/?a=b',
    'http://oss.example/#a',
  ])('refuses %s', (endpoint) => {
    expect(endpointProblem(new URL(endpoint))).not.toBeNull()
  })

  it.each(['http://10.0.0.1:9000', 'http://[::1]', 'https://oss-cn-hangzhou.aliyuncs.com'])('takes %s', (endpoint) => {
    expect(endpointProblem(new URL(endpoint))).toBeNull()
  })
})
