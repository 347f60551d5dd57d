import type { Logger } from '../../ports/logger.js'
import { type FetchedKeys, type KeySource, noKeys } from './key-source.js'

type Library = Pick<
  typeof import('@alicloud/credentials'),
  | 'OIDCRoleArnCredentialsProvider'
  | 'CLIProfileCredentialsProvider'
  | 'ProfileCredentialsProvider'
  | 'ECSRAMRoleCredentialsProvider'
  | 'URICredentialsProvider'
>

/**
 * These settings hold what the environment names, and null where it names nothing. The library reads the details
 * itself.
 */
export interface ChainSettings {
  /** This is the value of ALIBABA_CLOUD_OIDC_TOKEN_FILE. */
  readonly oidcTokenFile: string | null
  /** This is the value of ALIBABA_CLOUD_ECS_METADATA. */
  readonly ecsRole: string | null
  /** This is the value of ALIBABA_CLOUD_CREDENTIALS_URI. */
  readonly credentialsUri: string | null
}

/** This is the part of the library's provider that we use. */
interface Provider {
  getCredentials(): Promise<{
    readonly accessKeyId?: string
    readonly accessKeySecret?: string
    readonly securityToken?: string
  }>
}

interface Candidate {
  readonly name: string
  /** Throws when the environment rules this provider out. */
  build(): Provider
}

/**
 * The keys of a profile on disk, and a session whose expiry the library hides, give no sign when they change. So we
 * look again after this time.
 */
const recheckMs = 5 * 60_000

/**
 * Returns the candidates in the library's order. A provider that the environment does not name is not asked, with two
 * exceptions: profiles on disk are always asked, and the metadata service is asked when the environment names nothing
 * at all. Otherwise a failing token service would make us take the identity of the machine that we run on.
 */
const candidatesOf = (library: Library, settings: ChainSettings): readonly Candidate[] => {
  const { oidcTokenFile, ecsRole, credentialsUri } = settings
  const namesNothing = oidcTokenFile === null && ecsRole === null && credentialsUri === null
  const all: readonly (Candidate & { readonly asked: boolean })[] = [
    {
      name: 'OIDC',
      asked: oidcTokenFile !== null,
      build: () => library.OIDCRoleArnCredentialsProvider.builder().build(),
    },
    { name: 'CLI profile', asked: true, build: () => library.CLIProfileCredentialsProvider.builder().build() },
    { name: 'profile', asked: true, build: () => library.ProfileCredentialsProvider.builder().build() },
    {
      name: 'ECS RAM role',
      asked: ecsRole !== null || namesNothing,
      build: () => library.ECSRAMRoleCredentialsProvider.builder().build(),
    },
    {
      name: 'credentials URI',
      asked: credentialsUri !== null,
      build: () => library.URICredentialsProvider.builder().build(),
    },
  ]
  return all.filter(({ asked }) => asked)
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

/**
 * Returns when the session of a provider ends. The library reports this to no caller, but it keeps the time: in the
 * provider, or in the provider that a profile led to.
 */
const expiryOf = (provider: unknown): number | null => {
  const inner = fieldOf(provider, 'innerProvider')
  if (inner !== undefined) return expiryOf(inner)
  const expiration = fieldOf(fieldOf(provider, 'session'), 'expiration')
  const at = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN
  return Number.isNaN(at) ? null : at
}

/**
 * Returns what went wrong, without the library's message, because that message quotes answers and files with their
 * secrets.
 */
const reasonOf = (error: unknown): string => {
  const code = fieldOf(error, 'code')
  if (typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code)) return code
  const message = error instanceof Error ? error.message : ''
  const [, status] = /(?:httpStatus: |failed with |status code is )(\d{3})\b/.exec(message) ?? []
  if (status !== undefined) return `status ${status}`
  return /timeout/i.test(`${fieldOf(error, 'name')} ${message}`) ? 'timed out' : 'no keys'
}

/**
 * Returns the Alibaba Cloud chain as a source: OIDC (RRSA), profiles on disk, ECS RAM role, credentials URI. Each fetch
 * builds its providers anew, because the library's own providers keep what they have and do not move on after a
 * failure. The first provider that answers is the only one that is asked from then on, because an outage must not
 * change our identity.
 */
export const createChainSource = (settings: ChainSettings, logger: Logger): KeySource => {
  let answered: string | null = null

  const ask = async ({ build }: Candidate): Promise<FetchedKeys> => {
    const provider = build()
    const { accessKeyId, accessKeySecret, securityToken } = await provider.getCredentials()
    if (!accessKeyId || !accessKeySecret) throw new Error('incomplete')
    const token = securityToken || null
    return {
      accessKeyId,
      accessKeySecret,
      securityToken: token,
      temporary: token !== null,
      expiresAt: expiryOf(provider),
    }
  }

  return {
    name: 'the Alibaba Cloud chain',
    recheckMs,
    async fetchKeys() {
      // The library is loaded only now, so that users who give keys do not pay for it.
      const candidates = candidatesOf(await import('@alicloud/credentials'), settings)
      const reasons: string[] = []
      for (const candidate of candidates) {
        if (answered !== null && answered !== candidate.name) continue
        try {
          const keys = await ask(candidate)
          if (answered === null)
            logger.info({ provider: candidate.name }, 'Credentials come from the Alibaba Cloud chain')
          answered = candidate.name
          return keys
        } catch (error) {
          reasons.push(`${candidate.name}: ${reasonOf(error)}`)
        }
      }
      throw noKeys(`The Alibaba Cloud chain has no keys (${reasons.join(', ')})`)
    },
  }
}
