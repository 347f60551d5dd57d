// Compiles the CRC-64 addon at install. The addon is optional: whatever goes wrong here, the install goes on, and the
// daemon uses the WebAssembly build that is in the package, which is slower and gives the same answers. Nothing is
// downloaded, because the headers are those that came with Node.js.
import { spawnSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const longestBuildMs = 300_000

// npm sets this for its scripts. Debian, nvm, Homebrew and the images of Node.js have the headers beside the program.
const headers = process.env.npm_config_nodedir || dirname(dirname(process.execPath))
const nodeGyp = process.env.npm_config_node_gyp

/** Returns why there is no addon, or null when there is one. */
const compile = () => {
  if (!nodeGyp || !existsSync(nodeGyp)) return 'this package manager brings no node-gyp'
  if (!existsSync(join(headers, 'include/node/node_api.h'))) return `no headers of Node.js below ${headers}`
  const build = join(here, 'build')
  try {
    const options = { encoding: 'utf8', timeout: longestBuildMs }
    const command = [nodeGyp, 'rebuild', `--directory=${here}`, `--nodedir=${headers}`, '--loglevel=error']
    const { status, stderr } = spawnSync(process.execPath, command, options)
    if (status !== 0) return `node-gyp failed\n${stderr}`
    // The file is moved and not written, because a daemon that runs keeps the file that it has loaded.
    renameSync(join(build, 'Release/crc64.node'), join(here, 'crc64.node'))
    return null
  } catch (error) {
    return error.message
  } finally {
    rmSync(build, { recursive: true, force: true })
  }
}

const reason = compile()
if (reason !== null) {
  console.log(`Longshore goes without its CRC-64 addon, its checksums will cost more CPU time: ${reason}`)
}
