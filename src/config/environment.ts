import { plainValue } from '../core/plain-value.js'

/**
 * Returns the variables that are set, with their values as they were meant. A variable with an empty value counts as
 * not set, because compose files pass such variables.
 */
export const readEnvironment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, text]): (readonly [string, string])[] => {
      const value = plainValue(text ?? '')
      return value === '' ? [] : [[name, value]]
    }),
  )
