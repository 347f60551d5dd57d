import type { Credentials } from '../../ports/credentials.js'

/** Keys given in the settings. They never change, so `refresh` has nothing to fetch. With a token they count as temporary. */
export const createStaticCredentials = (keys: {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
}): Credentials => {
  const current = Object.freeze({ ...keys, temporary: keys.securityToken !== null })
  return {
    current: () => current,
    refresh: async (signal) => signal.throwIfAborted(),
  }
}
