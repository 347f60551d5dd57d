const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** Returns a text like `512 B`, `1.5 KiB` or `256.0 MiB`. */
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

/** Returns a text like `0.4 s`, `59.9 s`, `2m 05s` or `3h 07m`. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`
}
