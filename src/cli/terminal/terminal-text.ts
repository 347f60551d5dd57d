/**
 * This matches every character that a terminal might act on, or that would make a line misleading: C0 and C1 controls,
 * DEL, bidirectional overrides, line and paragraph separators, lone surrogates.
 */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Cs}]/gu

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escapeCharacter = (character: string): string => {
  const code = character.charCodeAt(0)
  return named[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`)
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

/**
 * Returns text from a server or a file name, in which every character that a terminal might act on is written out
 * (`\x1b`).
 */
export const escapeText = (text: string): string => text.replace(unsafe, escapeCharacter)

/**
 * Returns JSON that is also safe to print. Characters that JSON leaves raw (DEL, C1, bidirectional overrides) become
 * `\uXXXX`, which has the same value.
 */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value).replace(unsafe, (character) => `\\u${hex(character.charCodeAt(0), 4)}`)

const zeroWidth = /\p{Mn}|\p{Me}|\u200b|\u200d|\ufe0f/u
const doubleWidth =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u

const widthOf = (character: string): number => (zeroWidth.test(character) ? 0 : doubleWidth.test(character) ? 2 : 1)

/**
 * Returns the number of columns that the text takes on a terminal. Chinese, Japanese and Korean characters take two.
 */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

/**
 * Returns text that is exactly `columns` wide. A short text is padded with spaces, and a long one loses its beginning
 * behind `…`, because the end of a path tells more.
 */
export const fitEnd = (text: string, columns: number): string => {
  const width = displayWidth(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  const kept: string[] = []
  let room = columns - 1
  for (const character of [...text].reverse()) {
    room -= widthOf(character)
    if (room < 0) break
    kept.unshift(character)
  }
  const fitted = `…${kept.join('')}`
  return fitted + ' '.repeat(Math.max(0, columns - displayWidth(fitted)))
}

/** Returns text that is at most `columns` wide, with its end cut away. */
export const cutEnd = (text: string, columns: number): string => {
  let kept = ''
  let room = columns
  for (const character of text) {
    room -= widthOf(character)
    if (room < 0) break
    kept += character
  }
  return kept
}

/** Returns lines of at most `columns`. A word that has no space to break at stays whole. */
export const wrapWords = (text: string, columns: number): string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
