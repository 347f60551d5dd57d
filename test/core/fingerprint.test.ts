import { describe, expect, it } from 'vitest'
import { isOneInode, isSameFile, mayBeOneDevice } from '../../src/core/fingerprint.js'
import type { Fingerprint } from '../../src/core/job.js'

const of = (node: string | null, changes: Partial<Fingerprint> = {}): Fingerprint => ({
  node,
  dev: '41',
  ino: '7',
  size: 10,
  mtimeNs: '100',
  ctimeNs: '200',
  ...changes,
})

describe('two fingerprints', () => {
  it.each([
    ['of one node', of('a'), of('a', { dev: '42' }), false],
    ['of which one names no node', of(null), of('a', { dev: '42' }), false],
    ['of which one was stored before nodes were named', { ...of('a'), node: undefined }, of('a', { dev: '42' }), false],
    ['of two nodes', of('a'), of('b', { dev: '42' }), true],
    ['of one node and device', of('a'), of('a'), true],
  ])('%s compare device numbers where these mean the same', (_which, a, b, mayBe) => {
    expect(mayBeOneDevice(a as Fingerprint, b)).toBe(mayBe)
    expect(mayBeOneDevice(b, a as Fingerprint)).toBe(mayBe)
  })

  it.each([
    ['with the same inode', of('a'), of('b', { ctimeNs: '201' }), true],
    ['of one node with other inodes', of('a'), of('a', { ino: '8' }), false],
    ['of two nodes with other inodes and one ctime', of('a'), of('b', { ino: '8' }), true],
    ['of two nodes with other inodes and ctimes', of('a'), of('b', { ino: '8', ctimeNs: '201' }), false],
  ])('%s say so', (_which, a, b, isOne) => {
    expect(isOneInode(a, b)).toBe(isOne)
    expect(isSameFile(a, b)).toBe(isOne)
  })

  it.each([{ size: 11 }, { mtimeNs: '101' }])('are of different files when %j differs', (changes) => {
    expect(isSameFile(of('a'), of('b', changes))).toBe(false)
  })
})
