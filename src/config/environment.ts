import { plainValue } from '../core/plain-value.js'

/** The set variables of an environment as they were meant. One that is empty then is unset: compose files pass them so. */
export const readEnvironment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, text]): (readonly [string, string])[] => {
      const value = plainValue(text ?? '')
      return value === '' ? [] : [[name, value]]
    }),
  )
