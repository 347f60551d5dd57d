import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Makes a directory for the running test, which is removed with everything in it when the test ends. */
export const temporaryDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-cli-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
