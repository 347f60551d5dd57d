import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { main } from '../e2e/daemon-process.js'
import { until } from '../e2e/world.js'

/** Returns the command blocks of a page: what is indented by four spaces outside of lists and fences. */
export const blocksOf = (page: string): readonly string[] =>
  page
    .replace(/```[\s\S]*?```/g, '')
    .split(/\n(?=\S)|\n\n(?=\S)/)
    .join('\n\n')
    .split(/\n(?! {4}|\n)/)
    .map((text) => text.split('\n').filter((line) => line.startsWith('    ') || line === ''))
    .map((lines) =>
      lines
        .map((line) => line.slice(4))
        .join('\n')
        .trim(),
    )
    .filter((block) => block !== '')

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** These programs are not on this machine, or would take an hour, so they only record how they were called. */
const recorded = ['npm', 'docker', 'kubectl', 'openssl'] as const

/**
 * Opens a shell in which the pages' commands run as they stand: ports, directories and `npx` lead to the test's own.
 * `start` leaves a command running that a reader would give a terminal of its own.
 */
export const openDocsShell = async (replace: Readonly<Record<string, string>> = {}) => {
  const place = await mkdtemp(join(tmpdir(), 'longshore-docs-'))
  const [port, ossPort] = [await freePort(), await freePort()]
  const calls = join(place, 'calls')
  const bin = join(place, 'bin')
  await mkdir(bin)
  await writeFile(calls, '')
  const tool = async (name: string, script: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  const longshore = `case $1 in dev-oss) set -- "$@" --port ${ossPort} ;; esac\nexec '${process.execPath}' '${main}' "$@"`
  await tool('npx', `shift\n${longshore}`)
  for (const name of recorded) await tool(name, `echo "${name} $*" >> '${calls}'; echo recorded`)

  const changes: Readonly<Record<string, string>> = {
    '127.0.0.1:8484': `127.0.0.1:${port}`,
    '127.0.0.1:9000': `127.0.0.1:${ossPort}`,
    '/tmp/in': join(place, 'in'),
    '/tmp/longshore-data': join(place, 'data'),
    ...replace,
  }
  const rewrite = (text: string): string =>
    Object.entries(changes).reduce((rest, [from, to]) => rest.replaceAll(from, to), text)

  const shell = spawn('bash', ['-u'], {
    cwd: place,
    // The shell is a process group of its own, so that what runs in the background ends with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      HOME: place,
      LONGSHORE_LISTEN: `127.0.0.1:${port}`,
      LONGSHORE_URL: `http://127.0.0.1:${port}`,
    },
  })
  const lines: string[] = []
  for (const stream of [shell.stdout, shell.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  }
  let blocks = 0

  const answers = async (at: number, path: string): Promise<boolean> =>
    fetch(`http://127.0.0.1:${at}${path}`).then(
      () => true,
      () => false,
    )
  /** Waits for the servers that the text begins, as a reader does by looking. */
  const settle = async (text: string): Promise<void> => {
    if (/^npx longshore dev-oss/m.test(text)) await until(() => answers(ossPort, '/'))
    if (/npx longshore serve/.test(text)) await until(() => answers(port, '/livez'))
  }

  const run = async (block: string): Promise<{ readonly code: number; readonly text: string }> => {
    const mark = `--- block ${++blocks}:`
    const from = lines.length
    shell.stdin.write(`{ ${rewrite(block)}\n}; printf '\\n%s %s\\n' '${mark}' "$?"\n`)
    await until(() => lines.slice(from).some((line) => line.startsWith(mark)) || shell.exitCode !== null)
    await settle(block)
    // Output that ends without a line break gets one, so that the mark stands on a line of its own.
    const own = lines.slice(from)
    const code = Number(own.find((line) => line.startsWith(mark))?.slice(mark.length) ?? -1)
    return { code, text: own.filter((line) => !line.startsWith(mark)).join('\n') }
  }

  return {
    place,
    port,
    run,
    /** Runs a block in the background. It resolves when its server answers, and at once when it is not a server. */
    start: (block: string) => run(block.replace(/(\S.*)$/, '$1 &')),
    calls: async () => (await readFile(calls, 'utf8')).split('\n').slice(0, -1),
    close: async () => {
      const closed = new Promise((resolve) => shell.on('close', resolve))
      if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
      await closed
      await rm(place, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
