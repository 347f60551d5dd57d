import { createChainSource } from './adapters/credentials/chain-source.js'
import { createFileSource } from './adapters/credentials/file-source.js'
import { createGivenSource } from './adapters/credentials/given-source.js'
import type { KeySource } from './adapters/credentials/key-source.js'
import type { KeySettings } from './key-settings.js'
import type { Logger } from './ports/logger.js'

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
