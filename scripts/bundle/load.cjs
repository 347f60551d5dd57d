// Loads the files of the bundle, with the code that V8 has compiled before where there is some. Stands beside them.
const { isAscii } = require('node:buffer')
const { readFileSync, renameSync, writeFileSync, writeSync } = require('node:fs')
const { createRequire, wrap } = require('node:module')
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

/** @type {Map<string, {sources: string[], mappings: string} | null>} */
const maps = new Map()
const mapOf = (filename) => {
  if (!maps.has(filename)) {
    const text = readIfThere(`${filename}.map`)
    maps.set(filename, text === undefined ? null : JSON.parse(text.toString()))
  }
  return maps.get(filename)
}

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values = new Int8Array(128)
for (let value = 0; value < base64.length; value++) values[base64.charCodeAt(value)] = value
const comma = ','.charCodeAt(0)
const semicolon = ';'.charCodeAt(0)

/**
 * Returns the place in our sources of a place in the bundle, both counted from 0, or null. It reads the map up to that place and
 * keeps nothing of it: Node.js looks at the stack of each error that ends a stream, and its own reader of maps takes 150 ms.
 */
const placeOf = ({ sources, mappings }, line, column) => {
  let [atLine, source, originalLine, originalColumn] = [0, 0, 0, 0]
  let found = null
  const fields = [0, 0, 0, 0, 0]
  let [count, value, shift, atColumn] = [0, 0, 0, 0]
  for (let at = 0; at <= mappings.length; at++) {
    const code = at < mappings.length ? mappings.charCodeAt(at) : semicolon
    if (code !== comma && code !== semicolon) {
      const digit = values[code]
      value |= (digit & 31) << shift
      shift += 5
      if (digit & 32) continue
      fields[count++] = value & 1 ? -(value >> 1) : value >> 1
      value = shift = 0
      continue
    }
    if (count > 0) atColumn += fields[0]
    if (count > 3) {
      source += fields[1]
      originalLine += fields[2]
      originalColumn += fields[3]
    }
    if (atLine === line && count > 0) {
      if (atColumn > column) return found
      found = count > 3 ? { source: sources[source], line: originalLine, column: originalColumn } : null
    }
    count = 0
    if (code === semicolon) {
      if (atLine === line) return found
      atLine += 1
      atColumn = 0
    }
  }
  return found
}

const inBundle = /(\/[^\s()]*\.cjs):(\d+):(\d+)/g

/** Places by their text in the bundle. The same few places fail again and again. */
const shown = new Map()
const shownPlace = (place, filename, line, column) => {
  if (!shown.has(place)) {
    const map = filename.startsWith(__dirname) ? mapOf(filename) : null
    const found = map ? placeOf(map, Number(line) - 1, Number(column) - 1) : null
    const text =
      found === null ? place : `${join(dirname(filename), found.source)}:${found.line + 1}:${found.column + 1}`
    shown.set(place, text)
  }
  return shown.get(place)
}

/** Stacks name our source files. Maps are read for the first stack that somebody looks at. */
Error.prepareStackTrace = (error, frames) => {
  const lines = frames.map((frame) => String(frame).replace(inBundle, shownPlace))
  return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n')
}

module.exports = { load }
