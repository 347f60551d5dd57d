import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createDirectoryWalker } from '../../../src/adapters/file/directory-walker.js'
import { createFileSources } from '../../../src/adapters/file/file-source.js'
import type { Roots } from '../../../src/adapters/file/roots.js'
import type { Failure } from '../../../src/core/failure.js'
import { readerHere } from '../oss/source-reader.js'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end()
})

const nobody = 65_534

/** Becomes a user who may not read everything, because root may. */
const becomeNobody = (): number => {
  if (process.geteuid?.() === 0) {
    process.seteuid?.(nobody)
    endings.push(() => process.seteuid?.(0))
  }
  return process.geteuid?.() ?? 0
}

const setup = (changes: Partial<Roots> = {}) => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-why-')))
  endings.push(() => rmSync(home, { recursive: true, force: true }))
  const root = join(home, 'in')
  mkdirSync(join(root, 'dir'), { recursive: true })
  mkdirSync(join(home, 'other'))
  writeFileSync(join(root, 'good'), 'good')
  writeFileSync(join(home, 'other/there'), 'there')
  const roots: Roots = { allowed: [root], forbidden: [], ...changes }
  const sources = createFileSources(roots, readerHere())
  const walker = createDirectoryWalker(roots)
  const failureOf = (work: Promise<unknown>): Promise<Failure> =>
    work.then(
      () => expect.fail('it was not refused'),
      (error: Failure) => error,
    )
  return {
    home,
    root,
    link: (to: string, name: string) => symlinkSync(to, join(root, name)),
    why: (path: string, within?: readonly string[]) => failureOf(sources.open(path, within)),
    whyNotWalk: (dir: string) => failureOf(walker.check(dir)),
    opens: async (path: string) => (await sources.open(path)).close(),
  }
}

describe('a source below the roots that is refused', () => {
  it('says what stands there', async () => {
    const { root, why } = setup()
    execFileSync('mkfifo', [join(root, 'fifo')])
    expect((await why(join(root, 'gone'))).reason).toBe('absent')
    expect((await why(join(root, 'gone/deep/file'))).reason).toBe(`absent: there is no ${root}/gone`)
    expect((await why(join(root, 'dir'))).reason).toBe('is a directory')
    expect((await why(root)).reason).toBe('is a directory')
    expect((await why(join(root, 'fifo'))).reason).toBe('is not a regular file')
    expect((await why(join(root, 'good/x'))).reason).toBe(`${root}/good is not a directory`)
    expect((await why(join(root, 'x'.repeat(300)))).reason).toBe('the name is too long')
    expect((await why(`${root}//./dir/../gone`)).reason).toBe(`absent: there is no ${root}/gone`)
  })

  it('says who may not read it, and where on the way', async () => {
    const { home, root, why, whyNotWalk } = setup()
    writeFileSync(join(root, 'dir/file'), '')
    chmodSync(home, 0o755)
    chmodSync(join(root, 'good'), 0)
    chmodSync(join(root, 'dir'), 0)
    const uid = becomeNobody()
    expect((await why(join(root, 'good'))).reason).toBe(`permission denied for uid ${uid}`)
    expect((await why(join(root, 'dir/file'))).reason).toBe(`permission denied for uid ${uid}`)
    expect((await whyNotWalk(join(root, 'dir'))).reason).toBe(`permission denied for uid ${uid}`)
  })

  it('says so through links that stay below the roots', async () => {
    const { root, link, why, opens } = setup()
    link('dir', 'to-dir')
    link('gone', 'to-nothing')
    link(join(root, 'gone'), 'to-nothing-absolute')
    link('../in/dir/../good', 'around')
    link('circle', 'circle')
    expect((await why(join(root, 'to-dir'))).reason).toBe('is a directory')
    expect((await why(join(root, 'to-dir/gone'))).reason).toBe(`absent: there is no ${root}/dir/gone`)
    expect((await why(join(root, 'to-nothing'))).reason).toBe(`absent: there is no ${root}/gone`)
    expect((await why(join(root, 'to-nothing-absolute'))).reason).toBe(`absent: there is no ${root}/gone`)
    expect((await why(join(root, 'circle'))).reason).toBe('a loop of links')
    await opens(join(root, 'to-dir/../good'))
  })

  it('says so under the name that the operator gave the root', async () => {
    const { home, root } = setup()
    symlinkSync('in', join(home, 'spelled'))
    const { why } = setup({ allowed: [root], spelled: [{ as: join(home, 'spelled'), real: root }] })
    expect((await why(join(home, 'spelled/gone'))).reason).toBe('absent')
    expect((await why(join(home, 'spelled/dir'))).reason).toBe('is a directory')
    expect((await why(join(home, 'spelledx/gone'))).reason).toBeNull()
  })

  it('says so below what the roots are narrowed to, and nothing beside it', async () => {
    const { root, why } = setup()
    mkdirSync(join(root, 'dir/mine/sub'), { recursive: true })
    const within = [join(root, 'dir/mine')]
    expect((await why(join(root, 'dir/mine/gone'), within)).reason).toBe('absent')
    expect((await why(join(root, 'dir/mine/sub'), within)).reason).toBe('is a directory')
    expect((await why(join(root, 'dir/gone'), within)).reason).toBeNull()
    expect((await why(join(root, 'good'), within)).reason).toBeNull()
    expect((await why(join(root, 'gone'), [join(root, '..')])).reason).toBe('absent')
  })

  it('says why a directory is none to walk', async () => {
    const { root, whyNotWalk } = setup()
    expect((await whyNotWalk(join(root, 'gone'))).reason).toBe('absent')
    expect((await whyNotWalk(join(root, 'good'))).reason).toBe('is not a directory')
  })
})

describe('a source outside the roots', () => {
  it('is refused with one text, whether it is there or not, and by whatever link', async () => {
    const { home, root, link, why, whyNotWalk } = setup()
    link('../other', 'out')
    link('../other/there', 'out-there')
    link('../other/gone', 'out-gone')
    link('../other/gone/../../in/dir', 'out-and-back')
    link('/etc/passwd', 'passwd')
    link('/etc/no-such-file', 'no-passwd')
    const paths = [
      ...[
        'out',
        'out/there',
        'out/gone',
        'out/there/x',
        'out-there',
        'out-gone',
        'out-and-back',
        'passwd',
        'no-passwd',
      ],
      ...['../other/there', '../other/gone', '..', '../in2/x', 'dir/../../other/gone'],
    ].map((name) => `${root}/${name}`)
    const failures = await Promise.all([...paths, '/etc/shadow', '/no/such/place', '/', home].map((path) => why(path)))
    for (const failure of failures) {
      expect(failure).toMatchObject({ kind: 'permanent', code: 'source_unreadable', reason: null })
    }
    expect(new Set(failures.map(({ message }) => message)).size).toBe(1)
    const walks = await Promise.all(
      ['out', 'out-gone', '../other', '../gone'].map((name) => whyNotWalk(`${root}/${name}`)),
    )
    expect(new Set(walks.map(({ message, reason, code }) => `${message} ${reason} ${code}`)).size).toBe(1)
  })

  it('is also what may not be read below them', async () => {
    const { root } = setup()
    const { why } = setup({ allowed: [root], forbidden: [join(root, 'dir')] })
    expect((await why(join(root, 'dir/file'))).reason).toBeNull()
    expect((await why(join(root, 'dir'))).reason).toBeNull()
    expect((await why(`${root}/dir/../gone`)).reason).toBeNull()
  })
})
