/**
 * Returns the lines that stand on a terminal after it was sent `text`. It knows the few sequences that progress bars
 * use.
 */
export const linesOnTerminal = (text: string): string[] => {
  const lines: string[] = ['']
  let x = 0
  let y = 0
  const current = (): string => lines[y] ?? ''
  for (const [token, count, command] of text.matchAll(/\p{Cc}\[(\d*)([A-Za-z])|\n|\P{Cc}/gu)) {
    if (command === 'A') y = Math.max(0, y - Number(count || 1))
    else if (command === 'G') x = Number(count || 1) - 1
    else if (command === 'K') lines[y] = count === '2' ? '' : current().slice(0, x)
    else if (command === 'J') lines.splice(y, lines.length, current().slice(0, x))
    else if (token === '\n') {
      y++
      x = 0
      lines[y] ??= ''
    } else if (command === undefined) {
      lines[y] = current().padEnd(x).slice(0, x) + token + current().slice(x + token.length)
      x += token.length
    }
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== '')
}
