const sizePattern = /^(\d+(?:\.\d+)?) *(?:([kmgt])(i?b)?|b)?$/i
const powers: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 }

/** Bytes of `8388608`, `8MiB`, `8M` (both binary) or `8MB` (decimal). Null when it is none of them or not whole bytes. */
export const parseSize = (text: string): number | null => {
  const match = sizePattern.exec(text.trim())
  if (match === null) return null
  const [, amount = '', prefix, suffix] = match
  const base = suffix?.toLowerCase() === 'b' ? 1000 : 1024
  const bytes = Number(amount) * base ** (prefix === undefined ? 0 : (powers[prefix.toLowerCase()] ?? 0))
  return Number.isSafeInteger(bytes) ? bytes : null
}

const durationPattern = /^(\d+(?:\.\d+)?) *(s|m|h)?$/
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** Milliseconds of `30` (seconds), `30s`, `5m` or `1h`. Null when it is none of them. */
export const parseDurationMs = (text: string): number | null => {
  const match = durationPattern.exec(text.trim())
  return match === null ? null : Math.round(Number(match[1]) * (secondsOf[match[2] ?? 's'] ?? 1) * 1000)
}

const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** `512 B`, `1.5 KiB`, `256.0 MiB`. */
export const formatBytes = (bytes: number): string => {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  let value = bytes / 1024
  let unit = 0
  // 1023.95 would print as 1024.0.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(1)} ${units[unit] ?? ''}`
}

/** `0.4 s`, `59.9 s`, `2m 05s`, `3h 07m`. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`
}
