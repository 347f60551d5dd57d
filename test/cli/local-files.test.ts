import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lookAt } from '../../src/cli/put/local-files.js'
import { temporaryDirectory } from './temporary-directory.js'

describe('a path of a put', () => {
  it('is a file or a directory, with its name', async () => {
    const root = await temporaryDirectory()
    await writeFile(join(root, 'a'), 'x')
    expect(await lookAt(`${root}/.`)).toMatchObject({ kind: 'directory', path: root })
    expect(await lookAt(`${root}/./a`)).toEqual({ kind: 'file', path: join(root, 'a'), name: 'a' })
  })

  it('is refused when it is neither, or not there', async () => {
    const root = await temporaryDirectory()
    const socket = join(root, 'socket')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    await expect(lookAt(socket)).rejects.toThrow('neither a regular file nor a directory')
    await expect(lookAt(join(root, 'nothing'))).rejects.toThrow('cannot be read: ENOENT')
  })
})
