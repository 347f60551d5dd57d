// Lets V8 compile once what every start needs, and keeps it beside the bundle: uploads two files to the development server of
// OSS, with everything below one temporary directory and on ports of 127.0.0.1 that are free. Without what it writes the
// program does the same, some tenths of a second later; so an install may fail at it.
//
//   node dist/bundle/warm.mjs
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../launch.cjs', import.meta.url))
const place = mkdtempSync(join(tmpdir(), 'longshore-warm-'))
const bytes = { small: 1_000, large: 1_000_000 }
/** The smallest that OSS takes: the large file goes in parts. */
const partSize = '100KiB'
/** Nothing here takes longer on a machine that works. */
const longestMs = 60_000

// What a user has set for the daemon does not concern this one.
const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(LONGSHORE|OSS|ALIBABA)_/.test(name)),
)
const keys = { OSS_ACCESS_KEY_ID: 'warm', OSS_ACCESS_KEY_SECRET: 'warm-secret' }
const own = {
  ...plain,
  LONGSHORE_CODE_CACHE: 'write',
  LONGSHORE_DATA_DIR: join(place, 'data'),
  LONGSHORE_SOURCE_ROOTS: place,
}

const start = (args, env = {}) =>
  spawn(process.execPath, [program, ...args], { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'ignore'] })

/** The first line that matches, with what it says. */
const told = async (child, pattern) => {
  for await (const line of createInterface({ input: child.stdout })) {
    const found = pattern.exec(line)
    if (found !== null) return found
  }
  throw new Error(`ended before it said ${pattern}`)
}

/** Runs a command of the program to its end. */
const run = async (args, env) => {
  const child = start(args, env)
  child.stdout.resume()
  const [code] = await once(child, 'exit')
  return code
}

const running = []
const giveUp = setTimeout(() => {
  for (const child of running) child.kill('SIGKILL')
}, longestMs)

const warm = async () => {
  mkdirSync(join(place, 'files'))
  for (const [name, size] of Object.entries(bytes)) writeFileSync(join(place, 'files', name), Buffer.alloc(size, name))
  const oss = start(['dev-oss', '--port', '0', '--dir', join(place, 'oss'), '--bucket', 'warm'], keys)
  running.push(oss)
  const [endpoint] = await told(oss, /http:\/\/127\.0\.0\.1:\d+/)
  const settings = { ...keys, OSS_ENDPOINT: endpoint, OSS_REGION: 'cn-hangzhou', LONGSHORE_LISTEN: '127.0.0.1:0' }
  const daemon = start(['serve'], settings)
  running.push(daemon)
  const [, url] = await told(daemon, /"address":"([^"]+)".*listening/)
  daemon.stdout.resume()
  const inParts = ['--part-size', partSize, '--multipart-threshold', partSize]
  const code = await run(['put', '--wait', ...inParts, join(place, 'files'), 'oss://warm/'], { LONGSHORE_URL: url })
  if (code !== 0) throw new Error(`the uploads ended with ${code}`)
  for (const child of running) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  // The last to write what both load: of the commands, most are short, and their start is most of what they take.
  await run(['ls'], { LONGSHORE_URL: url })
}

try {
  await warm()
} finally {
  clearTimeout(giveUp)
  for (const child of running) child.kill('SIGKILL')
  rmSync(place, { recursive: true, force: true })
}
