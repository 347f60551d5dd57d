import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { runCli } from '../../src/cli/program.js'
import { eventually } from './eventually.js'

const collect = (options: { isTTY?: boolean; columns?: number } = {}) => {
  const stream = Object.assign(new PassThrough(), options)
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  const finish = async (): Promise<void> => {
    if (stream.destroyed) return
    stream.end()
    await once(stream, 'end')
  }
  return { stream, text: () => text, finish }
}

/** Starts a command line. `text()` and `errors()` return what it has written so far, and `exited` its exit code. */
export const startCli = (argv: readonly string[], env: Record<string, string>, terminal = false) => {
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal })
  const stdout = collect(terminal ? { isTTY: true, columns: 80 } : {})
  const stderr = collect()
  const exited = runCli(argv, { env, stdin, stdout: stdout.stream, stderr: stderr.stream }).then(async (code) => {
    await Promise.all([stdout.finish(), stderr.finish()])
    return code
  })
  return {
    /** This is what the user types. */
    stdin,
    stdout: stdout.stream,
    text: stdout.text,
    errors: stderr.text,
    exited,
    sees: (part: string | RegExp) =>
      eventually(() => {
        const text = stdout.text() + stderr.text()
        if (typeof part === 'string' ? !text.includes(part) : !part.test(text)) throw new Error(`not yet: ${text}`)
      }),
  }
}

/** Runs a command line to its end. */
export const cli = async (argv: readonly string[], env: Record<string, string>) => {
  const run = startCli(argv, env)
  const code = await run.exited
  return { code, text: run.text(), errors: run.errors() }
}
