// The suite and the demo on every release of Node.js that `engines` allows. The binaries come out of npm with their headers.
// better-sqlite3 is compiled anew for each release, in a copy of the tree, so that the tree itself stays as it is.
//
//   npm run verify -- nodes                   20, 22 and 24: everything, and ten demos each; hours
//   NODES=22 npm run verify -- nodes          only these, separated by blanks
//   NODES_TESTS='test/core test/http'         only these files of the suite
//   NODES_DEMOS=2                             so many demos
import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const house = fileURLToPath(new URL('..', import.meta.url))
const words = (text) => text.split(' ').filter((word) => word !== '')
const releases = words(process.env.NODES ?? '20 22 24')
const tests = words(process.env.NODES_TESTS ?? '')
const demos = Number(process.env.NODES_DEMOS ?? 10)

const has = (command) => run('which', [command], { stdio: 'ignore' })

/** Returns whether the command ended well. */
const run = (command, args, { cwd = house, env = process.env, stdio = ['ignore', 'inherit', 'inherit'] } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio })
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })

/**
 * Returns whether a file is copied: everything but what belongs to git or was compiled for the release that runs this.
 */
const isCopied = (path) => {
  const name = path.slice(house.length).split(sep).join('/')
  return !/^\.git(\/|$)|^(coverage|longshore-data)(\/|$)|^node_modules\/better-sqlite3\/build(\/|$)/.test(name)
}

const results = []
const step = async (release, what, work) => {
  console.log(`\n=== Node.js ${release}: ${what}`)
  const startedAt = performance.now()
  const passed = await work()
  results.push({ release, what, passed, seconds: Math.round((performance.now() - startedAt) / 1000) })
  return passed
}

const verify = async (release, place) => {
  const nodes = join(place, 'node')
  const tree = join(place, 'tree')
  const packageName = `node-${process.platform}-${process.arch}`
  const unpacked = join(nodes, 'node_modules', packageName)
  const fetched = await step(release, 'binary', () =>
    run('npm', [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefix',
      nodes,
      `${packageName}@${release}`,
    ]),
  )
  if (!fetched) return
  const compilers = (await has('ccache')) ? { CC: 'ccache gcc', CXX: 'ccache g++' } : {}
  const env = {
    ...process.env,
    ...compilers,
    PATH: `${join(unpacked, 'bin')}${delimiter}${process.env.PATH}`,
    npm_config_nodedir: unpacked,
    npm_config_build_from_source: 'true',
  }
  const node = join(unpacked, 'bin/node')
  const compiled = await step(release, 'better-sqlite3', async () => {
    await cp(house, tree, { recursive: true, filter: isCopied, verbatimSymlinks: true })
    return run('npm', ['rebuild', 'better-sqlite3'], { cwd: tree, env })
  })
  if (!compiled) return
  await step(release, tests.length === 0 ? 'the suite' : tests.join(' '), () =>
    run(node, ['node_modules/vitest/vitest.mjs', 'run', ...tests], { cwd: tree, env }),
  )
  for (let n = 1; n <= demos; n++) {
    await step(release, `demo ${n}`, () => run(node, ['scripts/demo.mjs'], { cwd: tree, env }))
  }
}

for (const release of releases) {
  const place = await mkdtemp(join(tmpdir(), 'longshore-nodes-'))
  try {
    await verify(release, place)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

console.log('\n| Node.js | what | result | seconds |\n|---|---|---|---|')
for (const { release, what, passed, seconds } of results) {
  console.log(`| ${release} | ${what} | ${passed ? 'passed' : 'FAILED'} | ${seconds} |`)
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1
