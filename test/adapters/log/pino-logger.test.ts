import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const logger = new URL('../../../dist/adapters/log/pino-logger.js', import.meta.url).href

/** Returns the messages of a process that logs by this script. */
const messagesOf = async (script: string): Promise<readonly string[]> => {
  const code = `import { createPinoLogger } from '${logger}'\nconst log = await createPinoLogger('info', false)\n${script}`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code])
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).msg)
}

describe('The log', () => {
  it('keeps every line of a process that ends in the same turn', async () => {
    const numbers = Array.from({ length: 500 }, (_, n) => String(n))
    const script = "for (let n = 0; n < 500; n++) log.info({ filler: 'x'.repeat(n) }, String(n))"
    expect(await messagesOf(`${script}\nprocess.exit(3)`)).toEqual(numbers)
    expect(await messagesOf(`${script}\nthrow new Error('a bug')`)).toEqual(numbers)
  })

  it('keeps none back until the process ends', async () => {
    // SIGKILL runs nothing, so what is seen was written before.
    const script = "log.info('before')\nsetTimeout(() => process.kill(process.pid, 'SIGKILL'), 200)"
    expect(await messagesOf(script)).toEqual(['before'])
  })

  it('ends without the process when its reader goes away', async () => {
    const script = `import { createPinoLogger } from '${logger}'
      const log = await createPinoLogger('info', false)
      log.info('first')
      process.once('SIGUSR2', () => {
        log.info('nobody reads this')
        setImmediate(() => setTimeout(() => process.exit(7), 50))
      })
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    child.stdout.destroy()
    await once(child.stdout, 'close')
    child.kill('SIGUSR2')
    expect(await exited).toEqual([7, null])
  })
})
