import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listFiles, lookAt } from '../../src/cli/local-files.js'
import { temporaryDirectory } from './temporary-directory.js'

const setup = async () => {
  const root = await temporaryDirectory()
  const write = async (relative: string): Promise<string> => {
    const path = join(root, relative)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, relative)
    return path
  }
  const list = async (...paths: string[]) => {
    const files: [string, string][] = []
    const problems: string[] = []
    const sources = await Promise.all(paths.map(lookAt))
    for await (const { path, relative } of listFiles(sources, (text) => problems.push(text)))
      files.push([path, relative])
    return { files, problems }
  }
  return { root, write, list }
}

describe('the files below the paths of a put', () => {
  it('are all regular files, hidden ones too, named by their place in the directory', async () => {
    const { root, write, list } = await setup()
    const paths = [await write('.hidden/x'), await write('a'), await write('sub/deep/b'), await write('日本.bin')]
    await mkdir(join(root, 'empty'))
    const relatives = ['.hidden/x', 'a', 'sub/deep/b', '日本.bin']
    expect(await list(root)).toEqual({ files: paths.map((path, n) => [path, relatives[n]]), problems: [] })
  })

  it('leave out symbolic links, to files, to directories and to nowhere', async () => {
    const { root, write, list } = await setup()
    const outside = await temporaryDirectory()
    await writeFile(join(outside, 'secret'), 'x')
    await write('a')
    await symlink(join(outside, 'secret'), join(root, 'file-link'))
    await symlink(outside, join(root, 'directory-link'))
    await symlink('nowhere', join(root, 'dangling'))
    expect((await list(root)).files).toHaveLength(1)
  })

  it('leave out what is neither a file nor a directory', async () => {
    const { root, list } = await setup()
    const socket = join(root, 'socket')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    expect(await list(root)).toEqual({ files: [], problems: [] })
    await expect(lookAt(socket)).rejects.toThrow('neither a regular file nor a directory')
  })

  it('keep the names of several paths, as cp does', async () => {
    const { root, write, list } = await setup()
    const [a, b] = [await write('one/a'), await write('b')]
    const { files } = await list(join(root, 'one'), join(root, 'b'))
    expect(files).toEqual([
      [a, 'one/a'],
      [b, 'b'],
    ])
  })

  it('turn a name that is not UTF-8 into a problem', async () => {
    const { root, write, list } = await setup()
    await write('good')
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]), 'x')
    const { files, problems } = await list(root)
    expect(files).toEqual([[join(root, 'good'), 'good']])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('the name is not UTF-8')
  })

  it('cannot be below a path that is not there', async () => {
    const { root, list } = await setup()
    await expect(list(join(root, 'none'))).rejects.toThrow('cannot be read: ENOENT')
  })

  it('have absolute paths even when named relative to the working directory', async () => {
    expect(await lookAt('package.json')).toEqual({
      kind: 'file',
      path: join(process.cwd(), 'package.json'),
      name: 'package.json',
    })
    expect(basename((await lookAt('.')).path)).toBe(basename(process.cwd()))
  })
})
