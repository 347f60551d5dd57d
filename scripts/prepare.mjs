// Builds at `npm ci`, so that `npx longshore` works from a checkout. It does nothing where dev dependencies are absent
// (an install of the published package), because the package brings what is built.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const house = fileURLToPath(new URL('..', import.meta.url))
const steps = [
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  ['node_modules/vite/bin/vite.js', 'build'],
]

// A bundle of an older build would be run in place of what is built here.
rmSync(new URL('../dist/bundle', import.meta.url), { recursive: true, force: true })

// npm runs this after `prepack`, so only here can the package get its bundle. `postpack` removes it from the checkout again.
if (['pack', 'publish'].includes(process.env['npm_command'])) steps.push(['scripts/bundle/make.mjs'])

for (const [tool, ...args] of steps) {
  if (!existsSync(new URL(`../${tool}`, import.meta.url))) break
  const { status } = spawnSync(process.execPath, [tool, ...args], { cwd: house, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
