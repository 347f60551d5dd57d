import type { KeySource } from './key-source.js'

/** Keys given in the settings. Those with a session token end some day, and nothing but a restart brings others. */
export const createGivenSource = (keys: {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
}): KeySource => {
  const { accessKeyId, accessKeySecret, securityToken } = keys
  const temporary = securityToken !== null
  return {
    name: 'the settings',
    recheckMs: null,
    fetchKeys: async () => ({ accessKeyId, accessKeySecret, securityToken, temporary, expiresAt: null }),
  }
}
