/** What an editor, `docker --env-file` or a Kubernetes secret puts around a value, and nobody means: white space, a BOM, quotes. */
const quoted = /^(["'])(.*)\1$/s

/** A setting as it was meant: without white space or a byte order mark around it, and without one pair of quotes. */
export const plainValue = (text: string): string => {
  const trimmed = text.trim()
  const inner = quoted.exec(trimmed)?.[2]
  return inner === undefined ? trimmed : inner.trim()
}

/** The set variables of an environment as they were meant. One that is empty then is unset: compose files pass them so. */
export const readEnvironment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, text]): (readonly [string, string])[] => {
      const value = plainValue(text ?? '')
      return value === '' ? [] : [[name, value]]
    }),
  )
