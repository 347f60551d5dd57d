import { createHash } from 'node:crypto'
import { mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createRotatingTokens } from '../../../src/adapters/tokens/rotating-tokens.js'
import { parseTokenLines } from '../../../src/adapters/tokens/token-lines.js'
import type { Logger } from '../../../src/ports/logger.js'
import { until } from '../../e2e/world.js'
import { createManualClock } from '../../fakes/manual-clock.js'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end()
})

const setup = (text: string) => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-tokens-')))
  endings.push(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'tokens')
  writeFileSync(path, text)
  const lines: string[] = []
  const note = (fields: object, message: string): void => void lines.push(`${JSON.stringify(fields)} ${message}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  const clock = createManualClock()
  const given = parseTokenLines('admin:from-the-environment name=LONGSHORE_TOKEN')
  const tokens = createRotatingTokens({ given, file: { path, tokens: parseTokenLines(text) }, clock, logger })
  endings.push(tokens.close)
  const names = (): string =>
    tokens
      .current()
      .map(({ name }) => name)
      .join(' ')
  /** Lets the daemon look at the file until a condition holds. */
  const passUntil = (condition: () => boolean): Promise<void> =>
    until(async () => {
      await clock.advance(50)
      return condition()
    })
  return { directory, path, lines, tokens, names, passUntil, clock }
}

describe('Tokens of a file', () => {
  it('stand beside that of the settings, hashed, with real directories', () => {
    const { directory, tokens } = setup('read:one name=first')
    symlinkSync(directory, join(directory, 'link'))
    expect(tokens.needed).toBe(true)
    expect(tokens.current()[1]).toEqual({
      name: 'first',
      scope: 'read',
      hash: createHash('sha256').update('one').digest(),
      roots: null,
      targets: null,
    })
    expect(JSON.stringify(tokens.current())).not.toContain('from-the-environment')
  })

  it('give way to those of a new file, whole, and listeners hear of it', async () => {
    const { path, tokens, names, passUntil, lines } = setup('read:one name=first\nsubmit:two name=second')
    let changes = 0
    const unsubscribe = tokens.subscribe(() => {
      changes += 1
    })
    writeFileSync(`${path}.new`, 'submit:two name=second\nread:three name=third')
    renameSync(`${path}.new`, path)
    await passUntil(() => names() === 'LONGSHORE_TOKEN second third')
    expect(changes).toBe(1)
    expect(lines.join()).toMatch(/"tokens":3.*changed/)
    unsubscribe()
    writeFileSync(path, 'admin:four name=fourth')
    await passUntil(() => names() === 'LONGSHORE_TOKEN fourth')
    expect(changes).toBe(1)
  })

  it.each([
    ['is broken', (path: string) => writeFileSync(path, 'read canary'), /line 1 must be/],
    ['is empty', (path: string) => writeFileSync(path, ''), /holds no token/],
    ['is gone', (path: string) => unlinkSync(path), /cannot be read: ENOENT/],
  ])('stay in force while the file %s, which is said once', async (_what, spoil, reason) => {
    const { path, names, passUntil, lines, clock } = setup('read:one name=first')
    spoil(path)
    await passUntil(() => lines.length > 0)
    await clock.advance(10_000)
    expect(names()).toBe('LONGSHORE_TOKEN first')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(reason)
    expect(lines[0]).not.toContain('canary')
    writeFileSync(path, 'read:one name=mended')
    await passUntil(() => names() === 'LONGSHORE_TOKEN mended')
  })

  it('are not taken from a file that is still being written', async () => {
    const { path, names, passUntil, clock } = setup('read:one name=first')
    writeFileSync(path, 'admin:a')
    await clock.advance(1000)
    writeFileSync(path, 'admin:abc name=whole')
    const seen = new Set<string>()
    await passUntil(() => {
      seen.add(names())
      return names() === 'LONGSHORE_TOKEN whole'
    })
    expect([...seen].filter((name) => name.includes('line'))).toEqual([])
  })
})
