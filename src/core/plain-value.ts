/**
 * An editor, `docker --env-file` or a Kubernetes secret may put white space, a BOM or quotes around a value, though
 * they are not meant.
 */
const quoted = /^(["'])(.*)\1$/s

/**
 * Returns a setting as it was meant: without white space or a byte order mark around it, and without one pair of
 * quotes.
 */
export const plainValue = (text: string): string => {
  const trimmed = text.trim()
  const inner = quoted.exec(trimmed)?.[2]
  return inner === undefined ? trimmed : inner.trim()
}
