import type { Credentials } from '../../ports/credentials.js'
import type { KeySource } from './key-source.js'

interface GivenKeys {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
}

/** Long-term keys given in the settings. They never change, so there is nothing to renew. */
export const createStaticCredentials = (keys: GivenKeys): Credentials => {
  const current = Object.freeze({ ...keys, temporary: keys.securityToken !== null })
  return {
    current: () => current,
    renew: async (_refused, signal) => {
      signal.throwIfAborted()
      return false
    },
  }
}

/** Keys with a session token given in the settings: they end some day, and nothing but a restart brings others. */
export const createGivenSource = (keys: GivenKeys): KeySource => ({
  name: 'the settings',
  recheckMs: null,
  fetchKeys: async () => ({ ...keys, temporary: true, expiresAt: null }),
})
