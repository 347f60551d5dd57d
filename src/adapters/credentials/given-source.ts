import type { KeySource } from './key-source.js'

/**
 * Returns a source of the keys that the settings give. Keys with a session token expire some day, and only a restart
 * brings others.
 */
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
