// Loads the files of the bundle, with the code that V8 has compiled before where there is some. Stands beside them.
const { isAscii } = require('node:buffer')
const { readFileSync, renameSync, writeFileSync, writeSync } = require('node:fs')
const { createRequire, wrap, SourceMap } = require('node:module')
const { dirname, join } = require('node:path')
const { isMainThread, threadId } = require('node:worker_threads')
const { constants, Script } = require('node:vm')

/** `write`: keeps what V8 compiles for later starts, as `warm.mjs` asks. `report`: says on stderr what became of each cache. */
const mode = process.env.LONGSHORE_CODE_CACHE
const writes = mode === 'write'
const writeEveryMs = 200

/** @type {Map<string, {exports: unknown}>} */
const modules = new Map()
/** @type {Map<string, Script>} */
const scripts = new Map()

// V8 writes its flags into what it keeps. The next start reads it before the program sets any, so none is set here.
if (writes) require('node:v8').setFlagsFromString = () => {}

const readIfThere = (path) => {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** Like `require`; the files of the bundle are loaded here. */
const load = (name) => {
  const known = modules.get(name)
  if (known !== undefined) return known.exports
  const filename = join(__dirname, name)
  const bytes = readFileSync(filename)
  const source = wrap(bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8').replace(/^#!.*/, ''))
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  // What another V8, or one with other flags, has compiled is refused by V8 itself, and compiled anew.
  const cachedData = writes ? undefined : readIfThere(`${filename}.cache`)
  const script = new Script(source, { filename, cachedData, importModuleDynamically })
  if (writes) scripts.set(filename, script)
  if (mode === 'report') {
    const fate = cachedData === undefined ? 'absent' : script.cachedDataRejected ? 'refused' : 'taken'
    // Straight to the descriptor, because what a thread writes to its stream is lost when it is ended.
    writeSync(2, `${name.slice(2)}: ${fate}\n`)
  }
  const module = { exports: {} }
  modules.set(name, module)
  const outside = createRequire(filename)
  const require = (id) => (id.startsWith('./') && id.endsWith('.cjs') ? load(id) : outside(id))
  require.resolve = outside.resolve
  script.runInThisContext().call(module.exports, module.exports, require, module, filename, dirname(filename))
  if (writes && !isMainThread) keepWriting()
  return module.exports
}

/** Several threads and processes may write at once, and a reader finds an old file or a new one, always a whole one. */
const writeAll = () => {
  for (const [filename, script] of scripts) {
    const own = `${filename}.${process.pid}-${threadId}`
    writeFileSync(own, script.createCachedData())
    renameSync(own, `${filename}.cache`)
  }
}

let isWriting = false
/** Nothing tells a thread that it is about to be ended, so it writes at once, and again for as long as it lives. */
const keepWriting = () => {
  writeAll()
  if (!isWriting) setInterval(writeAll, writeEveryMs).unref()
  isWriting = true
}
if (writes && isMainThread) {
  // A daemon one of whose threads is busy ends without the event `exit`.
  for (const event of ['SIGTERM', 'exit']) process.on(event, writeAll)
}

/** @type {Map<string, SourceMap | null>} */
const maps = new Map()
const mapOf = (filename) => {
  if (!maps.has(filename)) {
    const text = readIfThere(`${filename}.map`)
    maps.set(filename, text === undefined ? null : new SourceMap(JSON.parse(text.toString())))
  }
  return maps.get(filename)
}

const inBundle = /(\/[^\s()]*\.cjs):(\d+):(\d+)/g

/** Stacks name our source files. Maps are read for the first stack that somebody looks at. */
Error.prepareStackTrace = (error, frames) => {
  const lines = frames.map((frame) =>
    String(frame).replace(inBundle, (place, filename, line, column) => {
      const found = filename.startsWith(__dirname)
        ? mapOf(filename)?.findEntry(Number(line) - 1, Number(column) - 1)
        : null
      if (found?.originalSource === undefined || found === null) return place
      return `${join(dirname(filename), found.originalSource)}:${found.originalLine + 1}:${found.originalColumn + 1}`
    }),
  )
  return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n')
}

module.exports = { load }
