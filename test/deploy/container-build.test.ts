import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/container-check.mjs', import.meta.url))
const wanted = process.env['CONTAINER_CHECK'] !== undefined

// This takes minutes and root, so it is part of `npm run verify`, and never of the suite.
it('the image is built, and runs as it should', { timeout: 3_600_000 }, async (context) => {
  if (!wanted) context.skip('takes minutes and root, on purpose not in the suite: npm run verify -- C1')
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  const count = text.split('\n').filter((line) => line.startsWith('ok ')).length
  const size = /ours is (\d+) MB/.exec(text)?.[1] ?? '?'
  process.stdout.write(`${text}C1: ${code === 77 ? text.trim() : `${count} checks, ${size} MB beside the base`}\n`)
  expect([0, 77]).toContain(code)
})
