import type { Operator } from '../cli/commands/operate.js'

/**
 * Creates what the commands that need no daemon work with. It is loaded when one of them runs, so that the client
 * commands stay quick.
 */
export const createOperator = (env: NodeJS.ProcessEnv): Operator => ({
  examine: async (prefixes) => {
    // As in the daemon, these variables are removed, because ali-oss prints tokens and signatures when DEBUG asks for
    // it.
    delete env['DEBUG']
    delete env['NODE_DEBUG']
    return (await import('./doctor.js')).examine(env, prefixes)
  },
  databasePath: async () => {
    const { storePaths } = await import('../adapters/sqlite/files/data-directory.js')
    const { dataDirOf } = await import('../config/config.js')
    return storePaths(dataDirOf(env)).database
  },
  check: async (path) => (await import('../adapters/sqlite/files/check-database.js')).checkDatabase(path),
  backUp: async (source, target, overwrite) =>
    (await import('../adapters/sqlite/files/back-up-database.js')).backUpDatabase(source, target, overwrite),
})
