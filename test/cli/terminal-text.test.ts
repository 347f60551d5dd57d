import { describe, expect, it } from 'vitest'
import { cutEnd, displayWidth, escapeText, fitEnd, safeJson } from '../../src/cli/terminal/terminal-text.js'

describe('text for a terminal', () => {
  it.each([
    ['a\x1b[2Jb', 'a\\x1b[2Jb'],
    ['line\nbreak\r\t', 'line\\nbreak\\r\\t'],
    ['\x9b31m', '\\x9b31m'],
    ['del\x7f', 'del\\x7f'],
    ['gpj\u202eexe', 'gpj\\u202eexe'],
    ['lone \ud800 half', 'lone \\ud800 half'],
    ['日本語 — ✓ 🎬', '日本語 — ✓ 🎬'],
  ])('turns %j into %j', (raw, escaped) => {
    expect(escapeText(raw)).toBe(escaped)
  })

  it('prints JSON without raw controls, and with the same value', () => {
    const value = { name: 'a\x1b\x9b\x7f\u202e\n' }
    const text = safeJson(value)
    expect(text).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(JSON.parse(text)).toEqual(value)
  })

  it('counts columns, not characters', () => {
    expect(displayWidth('日本')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
  })

  it.each(['short.bin', 'a-very-long-file-name-that-does-not-fit.bin', '一个很长很长很长的文件名.mp4'])(
    'fits %s into exactly so many columns, keeping its end',
    (name) => {
      const fitted = fitEnd(name, 20)
      expect(displayWidth(fitted)).toBe(20)
      expect(fitted.trim().endsWith(name.slice(-4))).toBe(true)
    },
  )

  it('never cuts a wide character in half', () => {
    expect(cutEnd('a日本', 4)).toBe('a日')
  })
})
