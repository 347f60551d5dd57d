import type { BatchOptionsView, OptionsView } from '../../core/job-options.js'
import { formatBytes } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'

/** Returns what was asked for, without options that say nothing. The text is safe to print, as in job-text.ts. */
export const optionsText = (options: BatchOptionsView & Partial<OptionsView>): string => {
  const { ifExists, onSourceChange, notAfter, bandwidth, crc64, callback, webhook, headers } = options
  const said = [
    `parts of ${formatBytes(options.partSize)} from ${formatBytes(options.multipartThreshold)} on`,
    `parallel ${options.parallel}`,
    options.sequential ? 'sequential' : null,
    `if exists ${ifExists}`,
    `on source change ${onSourceChange}`,
    bandwidth === null ? null : `bandwidth ${bandwidth}`,
    notAfter === null ? null : `not after ${notAfter}`,
    crc64 == null ? null : `crc64 ${crc64}`,
    options.deleteSource ? 'delete source' : null,
    callback === null ? null : `callback ${callback.url}`,
    webhook === null ? null : `webhook ${webhook.url}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return escapeText(said.filter((part) => part !== null).join(', '))
}
