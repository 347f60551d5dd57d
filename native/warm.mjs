// After an install of the package: lets V8 compile the bundle once. An install without it works too, only its starts take some
// tenths of a second more; so whatever goes wrong here, the install goes on. A checkout has no bundle.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const warm = fileURLToPath(new URL('../dist/bundle/warm.mjs', import.meta.url))
const longestMs = 120_000

if (existsSync(warm)) spawnSync(process.execPath, [warm], { stdio: 'ignore', timeout: longestMs })
