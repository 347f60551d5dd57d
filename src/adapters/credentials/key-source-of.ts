import type { Logger } from '../../ports/logger.js'
import { createChainSource } from './chain-source.js'
import { createFileSource } from './file-source.js'
import { createGivenSource } from './given-source.js'
import type { KeySource } from './key-source.js'

/** These settings say where the keys for OSS come from. */
export type KeySettings =
  | {
      readonly kind: 'given'
      readonly accessKeyId: string
      readonly accessKeySecret: string
      readonly securityToken: string | null
    }
  | { readonly kind: 'file'; readonly path: string }
  /** These fields hold what the environment names of the Alibaba Cloud chain, and null where it names nothing. */
  | {
      readonly kind: 'chain'
      readonly oidcTokenFile: string | null
      readonly ecsRole: string | null
      readonly credentialsUri: string | null
    }

/** Returns the source that the settings name. */
export const keySourceOf = (keys: KeySettings, logger: Logger): KeySource => {
  switch (keys.kind) {
    case 'given':
      return createGivenSource(keys)
    case 'file':
      return createFileSource(keys.path)
    case 'chain':
      return createChainSource(keys, logger)
  }
}
