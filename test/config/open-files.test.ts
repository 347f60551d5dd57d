import { describe, expect, it } from 'vitest'
import { fewestOpenFiles, openFilesProblem } from '../../src/config/open-files.js'

const limits = (soft: number | string): string =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}    ${soft}  files\n`

describe('too few open files', () => {
  it('for a daemon are told with the number that its concurrency needs', () => {
    expect(fewestOpenFiles(16)).toBe(128)
    expect(openFilesProblem('serve', {}, limits(128))).toBeNull()
    expect(openFilesProblem('serve', {}, limits(127))).toMatch(
      /^Only 127 .* 128 are needed for LONGSHORE_CONCURRENCY=16: .*ulimit -n.* to 128 or more/,
    )
    expect(openFilesProblem('serve', { LONGSHORE_CONCURRENCY: '100' }, limits(547))).toMatch(
      /548 are needed.*lower the concurrency/,
    )
    expect(openFilesProblem('serve', { LONGSHORE_CONCURRENCY: '100' }, limits(548))).toBeNull()
  })

  it('for any command are what it takes to load the program', () => {
    for (const command of [undefined, 'ls', 'doctor']) {
      expect(openFilesProblem(command, {}, limits(111))).toMatch(/112 are needed: raise/)
      expect(openFilesProblem(command, { LONGSHORE_CONCURRENCY: '1024' }, limits(112))).toBeNull()
    }
    expect(openFilesProblem('serve', { LONGSHORE_CONCURRENCY: '1' }, limits(111))).toMatch(/112 are needed/)
  })

  it('are not suspected where the system does not tell, or sets no limit', () => {
    expect(openFilesProblem('serve', {}, '')).toBeNull()
    expect(openFilesProblem('serve', {}, limits('unlimited'))).toBeNull()
  })
})
