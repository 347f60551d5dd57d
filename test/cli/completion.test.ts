import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { shells } from '../../src/cli/completion-scripts.js'
import { needs } from '../needs.js'
import { cli } from './run-cli.js'

/** Returns what a shell says after it has read the script, with a `longshore` in its path that lists two jobs. */
const ask = async (shell: (typeof shells)[number], question: string): Promise<readonly string[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-completion-'))
  try {
    const script = join(directory, 'script')
    await writeFile(script, (await cli(['completion', shell], {})).text)
    await writeFile(
      join(directory, 'longshore'),
      `#!/bin/sh\ncat <<'END'\nID\nj1 x\nj2 y\n$(touch${'$'}{IFS}ran) z\nEND\n`,
      { mode: 0o755 },
    )
    const path = `${directory}${delimiter}${process.env['PATH']}`
    const env = { ...process.env, PATH: path, SCRIPT: script, HOME: directory }
    const { stdout } = await promisify(execFile)(shell, ['-c', question], { env })
    return stdout.split(/\s+/).filter((word) => word !== '')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Asks bash to complete the last of these words. */
const inBash = (...words: string[]): Promise<readonly string[]> =>
  ask(
    'bash',
    `source "$SCRIPT"; COMP_WORDS=(longshore ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
     _longshore; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )

describe('longshore completion', () => {
  it('knows commands, options, their values and jobs in bash', async () => {
    expect(await inBash('or')).toEqual(['orphans'])
    expect(await inBash('put', '--part')).toEqual(['--part-size'])
    expect(await inBash('put', '--if-exists', 'skip')).toEqual(['skip', 'skipSame'])
    expect(await inBash('put', '--part-size', '')).toEqual([])
    expect(await inBash('show', '')).toEqual(['j1', 'j2'])
    expect(await inBash('put', '')).toEqual([])
    expect(await inBash('completion', 'f')).toEqual(['fish'])
  })

  it('knows them in fish', async (context) => {
    needs(context, 'fish')
    const inFish = (line: string) => ask('fish', `source $SCRIPT; complete -C '${line}' | cut -f1`)
    expect(await inFish('longshore or')).toEqual(['orphans'])
    expect(await inFish('longshore put --part')).toEqual(['--part-size'])
    expect(await inFish('longshore put --if-exists skip')).toEqual(['skip', 'skipSame'])
    expect(await inFish('longshore show ')).toEqual(['j1', 'j2'])
  })

  it('is understood by zsh', async (context) => {
    needs(context, 'zsh')
    // This completes without a terminal: the function exists, is bound, and hands zsh's own helper its words.
    const question =
      'autoload -U compinit; compinit -u; source "$SCRIPT"; print -r -- $_comps[longshore]; ' +
      '_arguments() { print -rl -- "$@" }; words=(longshore show ""); CURRENT=3; _longshore; ' +
      '_describe() { print -r -- $commands }; words=(longshore ""); CURRENT=2; _longshore'
    const said = await ask('zsh', question)
    expect(said[0]).toBe('_longshore')
    expect(said.join(' ')).toContain('*: :(j1 j2)')
    expect(said.join(' ')).toContain('put:upload files or directories')
  })

  it('refuses shells that it does not know', async () => {
    const { code, errors } = await cli(['completion', 'tcsh'], {})
    expect([code, errors]).toEqual([64, expect.stringContaining('bash, zsh, fish')])
  })
})
