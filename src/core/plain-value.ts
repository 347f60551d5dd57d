/** What an editor, `docker --env-file` or a Kubernetes secret puts around a value, and nobody means: white space, a BOM, quotes. */
const quoted = /^(["'])(.*)\1$/s

/** A setting as it was meant: without white space or a byte order mark around it, and without one pair of quotes. */
export const plainValue = (text: string): string => {
  const trimmed = text.trim()
  const inner = quoted.exec(trimmed)?.[2]
  return inner === undefined ? trimmed : inner.trim()
}
