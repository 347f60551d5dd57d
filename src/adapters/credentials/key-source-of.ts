import type { KeySettings } from '../../config/keys.js'
import type { Logger } from '../../ports/logger.js'
import { createChainSource } from './chain-source.js'
import { createFileSource } from './file-source.js'
import { createGivenSource } from './given-source.js'
import type { KeySource } from './key-source.js'

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
