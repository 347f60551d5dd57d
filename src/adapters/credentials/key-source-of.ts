import type { Logger } from '../../ports/logger.js'
import { createChainSource } from './chain-source.js'
import { createFileSource } from './file-source.js'
import { createGivenSource } from './given-source.js'
import type { KeySource } from './key-source.js'

/** Where the keys for OSS come from. */
export type KeySettings =
  | {
      readonly kind: 'given'
      readonly accessKeyId: string
      readonly accessKeySecret: string
      readonly securityToken: string | null
    }
  | { readonly kind: 'file'; readonly path: string }
  /** What the environment names of the Alibaba Cloud chain; null where it does not. */
  | {
      readonly kind: 'chain'
      readonly oidcTokenFile: string | null
      readonly ecsRole: string | null
      readonly credentialsUri: string | null
    }

/** Where the settings say that keys come from. */
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
