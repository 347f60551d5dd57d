import { describe, expect, it } from 'vitest'
import { endpointProblem, placeOf } from '../../../src/adapters/oss/addressing.js'

describe('placeOf', () => {
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
    expect(placeOf(url, addressing, 'b')).toEqual({ protocol, hostname, port, host })
  })
})

describe('endpointProblem', () => {
  it.each([
    ['ftp://oss.example', 'path'],
    ['http://user@oss.example', 'path'],
    ['http://:password@oss.example', 'path'],
    ['http://oss.example/prefix', 'path'],
    ['http://oss.example/?a=b', 'path'],
    ['http://10.0.0.1', 'virtual'],
    ['http://[::1]:9000', 'virtual'],
  ] as const)('refuses %s with %s addressing', (endpoint, addressing) => {
    expect(endpointProblem(new URL(endpoint), addressing)).not.toBeNull()
  })

  it.each([
    ['http://10.0.0.1:9000', 'path'],
    ['http://[::1]', 'cname'],
    ['https://oss-cn-hangzhou.aliyuncs.com', 'virtual'],
  ] as const)('takes %s with %s addressing', (endpoint, addressing) => {
    expect(endpointProblem(new URL(endpoint), addressing)).toBeNull()
  })
})
