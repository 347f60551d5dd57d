import { type Command, InvalidArgumentError } from 'commander'
import { bandwidthProblem } from '../../core/bandwidth.js'
import type { SettingOrigin, SettingsView } from '../client/api.js'
import { withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { countValue } from '../options.js'
import { formatBytes } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'

/** This word takes away what was set before. */
const preset = 'default'

interface SettingsOptions {
  readonly concurrency?: number | typeof preset
  readonly bandwidth?: string
  readonly json?: true
}

const concurrencyValue = (text: string): number | typeof preset => (text === preset ? preset : countValue(text))

const bandwidthValue = (text: string): string => {
  if (text === preset) return preset
  const problem = bandwidthProblem(text)
  if (problem !== null) throw new InvalidArgumentError(`It ${problem}, or default.`)
  return text
}

const originText = (origin: SettingOrigin, otherwise: string | number): string =>
  origin === 'environment' ? 'as the environment says' : `set while running; default ${escapeText(String(otherwise))}`

export const settingsLines = ({
  concurrency,
  bandwidth,
  bytesPerSecond,
  origins,
  environment,
}: SettingsView): readonly string[] => {
  const now = bytesPerSecond === null ? 'no limit now' : `${formatBytes(bytesPerSecond)}/s now`
  return [
    `concurrency  ${concurrency}  (${originText(origins.concurrency, environment.concurrency)})`,
    `bandwidth    ${escapeText(bandwidth)}  (${now}; ${originText(origins.bandwidth, environment.bandwidth)})`,
  ]
}

export const addSettingsCommand = (program: Command, io: CliIo): void => {
  program
    .command('settings')
    .summary('show or change what can be changed while the daemon runs')
    .description(
      'Shows the live settings. A setting that is given takes effect at once and survives restarts; default goes back to the environment.',
    )
    .option('--concurrency <n>', 'parts and puts in flight in the daemon, 1..1024, or default', concurrencyValue)
    .option(
      '--bandwidth <limit>',
      'per second: 50MiB, off, a timetable like "08:00,10MiB 19:00,off", or default',
      bandwidthValue,
    )
    .option('--json', 'print JSON')
    .action(({ concurrency, bandwidth, json }: SettingsOptions) =>
      withDaemon(io, async ({ api, console, signal }) => {
        const changes = {
          ...(concurrency === undefined ? {} : { concurrency: concurrency === preset ? null : concurrency }),
          ...(bandwidth === undefined ? {} : { bandwidth: bandwidth === preset ? null : bandwidth }),
        }
        const changed = Object.keys(changes).length > 0
        const settings = await (changed ? api.changeSettings(changes, signal) : api.settings(signal))
        if (json === true) console.json(settings)
        else for (const line of settingsLines(settings)) console.line(line)
      }),
    )
}
