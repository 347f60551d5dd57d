// Makes the bundle from src: a few files in place of some 1,500 modules, because to find and compile modules is most of what
// a start costs. The package and the image ship it. `npm run build` removes it, so that a checkout never runs an old one.
//
//   npm run bundle                             into dist/bundle
//   node scripts/bundle/make.mjs DIRECTORY     into DIRECTORY/bundle, where DIRECTORY is a copy of dist
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const house = fileURLToPath(new URL('../..', import.meta.url))
const source = join(house, 'src')
const bundle = join(process.argv[2] ?? join(house, 'dist'), 'bundle')

/** One for the main thread and one for each kind of thread. Each is built by itself: a thread loads nothing of another. */
const entries = {
  main: 'src/main.ts',
  lane: 'src/daemon/lane.ts',
  'store-thread': 'src/adapters/sqlite/thread/store-thread.ts',
  'walk-thread': 'src/adapters/file/walk-thread.ts',
}
const threads = Object.keys(entries).filter((name) => name !== 'main')

/** Stay outside: what is compiled for the machine, what reads files beside its own, and what urllib uses only where it is installed. */
const external = ['better-sqlite3', '@fastify/swagger-ui', 'proxy-agent']

const threadUrl = new RegExp(`new URL\\('\\./(${threads.join('|')})\\.js', import\\.meta\\.url\\)`, 'g')

/**
 * Keeps the addresses of our modules true. A module says where files of the package are by its own place in `dist`, and keeps
 * that place; only the threads are to be found in the bundle.
 */
const keepPlaces = {
  name: 'keep-places',
  transform: {
    filter: { id: /[/\\]src[/\\].*\.ts$/, code: 'import.meta.url' },
    handler(code, id) {
      const place = relative(source, id).split(sep).join('/').replace(/\.ts$/, '.js')
      const moved = code
        .split(threadUrl)
        .map((piece, index) =>
          index % 2 === 1
            ? `new URL('./${piece}.js', import.meta.url)`
            : piece.replaceAll('import.meta.url', `new URL('../${place}', import.meta.url).href`),
        )
        .join('')
      return { code: moved, map: null }
    },
  },
}

/**
 * Modules that fastify loads for what a daemon does not do: HTTP/2, and plugins that ask for a release of fastify. Each is
 * loaded by the first call of one of its functions.
 */
const atFirstCall = [
  { of: 'lib/server.js', module: 'node:http2', name: 'http2', functions: ['createServer', 'createSecureServer'] },
  { of: 'lib/plugin-utils.js', module: 'semver', name: 'semver', functions: ['satisfies', 'gt', 'coerce'] },
]
const loadAtFirstCall = {
  name: 'load-at-first-call',
  transform: {
    filter: { id: /[/\\]node_modules[/\\]fastify[/\\]lib[/\\](server|plugin-utils)\.js$/ },
    handler(code, id) {
      const { module, name, functions } = atFirstCall.find(({ of }) =>
        id.split(sep).join('/').endsWith(`/fastify/${of}`),
      )
      const eager = `const ${name} = require('${module}')\n`
      const used = new Set([...code.matchAll(new RegExp(`\\b${name}\\.([a-z]\\w*)`, 'g'))].map(([, used]) => used))
      if (!code.includes(eager) || [...used].some((one) => !functions.includes(one))) {
        throw new Error(`fastify uses ${module} in another way now: mend load-at-first-call`)
      }
      const members = functions.map((one) => `${one}: (...all) => require('${module}').${one}(...all)`)
      return { code: code.replace(eager, `const ${name} = { ${members.join(', ')} }\n`), map: null }
    },
  },
}

/** The package that a module belongs to, with the text of its licence. */
const packageOf = (module) => {
  const [, directory] = /^(.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(module) ?? []
  if (directory === undefined) return null
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const file = readdirSync(directory).find((entry) => /^(licen[sc]e|copying)(\.|$)/i.test(entry))
  return { name, version, license, text: file === undefined ? '' : readFileSync(join(directory, file), 'utf8') }
}

rmSync(bundle, { recursive: true, force: true })
mkdirSync(bundle, { recursive: true })

const packages = new Map()
for (const [name, input] of Object.entries(entries)) {
  const build = await rolldown({
    cwd: house,
    input: { [name]: input },
    platform: 'node',
    external,
    plugins: [keepPlaces, loadAtFirstCall],
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    logLevel: 'warn',
  })
  const { output } = await build.write({
    dir: bundle,
    format: 'cjs',
    sourcemap: true,
    // Names stay as they are, for stacks. What is ASCII throughout is read without decoding.
    minify: { compress: false, mangle: false, codegen: true },
    charset: 'ascii',
    entryFileNames: '[name].cjs',
    chunkFileNames: `${name}-[name].cjs`,
  })
  await build.close()
  for (const module of output.flatMap((chunk) => chunk.moduleIds ?? [])) {
    const found = packageOf(module)
    if (found !== null) packages.set(`${found.name}@${found.version}`, found)
  }
}

// Stacks need the names and the lines only; the sources themselves are more than half of a map.
for (const name of readdirSync(bundle).filter((file) => file.endsWith('.map'))) {
  const { sourcesContent: _, ...map } = JSON.parse(readFileSync(join(bundle, name), 'utf8'))
  writeFileSync(join(bundle, name), JSON.stringify(map))
}

for (const name of ['load.cjs', 'warm.mjs']) copyFileSync(join(house, 'scripts', 'bundle', name), join(bundle, name))
for (const thread of threads) {
  const load = `createRequire(import.meta.url)('./load.cjs').load('./${thread}.cjs')`
  writeFileSync(join(bundle, `${thread}.js`), `import { createRequire } from 'node:module'\n\n${load}\n`)
}

const licences = [...packages.values()]
  .sort((a, b) => a.name.localeCompare(b.name))
  .map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`)
writeFileSync(join(bundle, 'LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`))
