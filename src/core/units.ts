const sizePattern = /^(\d+(?:\.\d+)?) *(?:([kmgt])(i?b)?|b)?$/i
const powers: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 }

/**
 * Returns the bytes of `8388608`, `8MiB`, `8M` (both binary) or `8MB` (decimal), or null when it is none of them or not
 * whole bytes.
 */
export const parseSize = (text: string): number | null => {
  const match = sizePattern.exec(text.trim())
  if (match === null) return null
  const [, amount = '', prefix, suffix] = match
  const base = suffix?.toLowerCase() === 'b' ? 1000 : 1024
  const bytes = Number(amount) * base ** (prefix === undefined ? 0 : (powers[prefix.toLowerCase()] ?? 0))
  return Number.isSafeInteger(bytes) ? bytes : null
}

const durationPattern = /^(\d+(?:\.\d+)?) *(ms|s|m|h|d)?$/
const secondsOf: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/** Returns the milliseconds of `30` (seconds), `250ms`, `30s`, `5m`, `1h` or `7d`, or null when it is none of them. */
export const parseDurationMs = (text: string): number | null => {
  const match = durationPattern.exec(text.trim())
  return match === null ? null : Math.round(Number(match[1]) * (secondsOf[match[2] ?? 's'] ?? 1) * 1000)
}

/** One `setTimeout` can wait for so long, almost 25 days. A timer that is set for longer fires at once. */
export const longestTimerMs = 2 ** 31 - 1
