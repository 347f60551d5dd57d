const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Returns a text like `512 B`, `1.5 KiB` or `256 MiB`, with three figures, so that columns stay narrow. */
export const formatBytes = (bytes: number): string => {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  let value = bytes / 1024
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${Number(value.toFixed(digits))} ${units[unit]}`
}

export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`

/** Returns a text like `< 1 s`, `12 s`, `2 min 05 s`, `3 h 07 min` or `2 d 4 h`, as a person would say it. */
export const formatDuration = (seconds: number): string => {
  if (seconds < 1) return '< 1 s'
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

export const formatCount = (count: number): string => count.toLocaleString('en')

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** Returns the time of day of an ISO 8601 instant, in the reader's zone. */
export const formatClock = (instant: string): string => clock.format(new Date(instant))

/** Returns the time of day, with the date when that was not today. */
export const formatInstant = (instant: string, now: Date): string => {
  const then = new Date(instant)
  return then.toDateString() === now.toDateString()
    ? clock.format(then)
    : `${day.format(then)}${then.getFullYear() === now.getFullYear() ? '' : ` ${then.getFullYear()}`}, ${clock.format(then)}`
}

/** Returns `just now`, `4 min ago`, `3 h ago`, or for older instants the date. */
export const formatAgo = (instant: string, now: Date): string => {
  const seconds = (now.getTime() - Date.parse(instant)) / 1000
  if (seconds < 10) return 'just now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return day.format(new Date(instant))
}

/** Returns the last part of a key or path. */
export const fileNameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
