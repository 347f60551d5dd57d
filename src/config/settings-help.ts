import { settings } from './rows.js'

/** What `longshore serve --help` says below the options. */
export const settingsHelp = `
Settings (environment):
${settings.map(([name, preset, meaning]) => `  ${name.padEnd(30)} ${meaning} (${preset})`).join('\n')}

Exit codes: 0 clean stop, 65 database corrupt or foreign, 70 the threads that move bytes cannot run, 74 database I/O, 75 another daemon holds the database, 78 a setting is not right`
