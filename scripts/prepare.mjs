// Builds at `npm ci`, so that `npx longshore` works from a checkout; does nothing where dev dependencies are absent
// (an install of the published package, or `npm ci --omit=dev` in an image).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const compiler = new URL('../node_modules/typescript/bin/tsc', import.meta.url)
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [compiler.pathname, '-p', 'tsconfig.build.json'], {
    cwd: new URL('..', import.meta.url),
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}
