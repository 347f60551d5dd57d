import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A function with its length in lines: its own, without the bodies of functions inside it, and all of them. */
export interface Measured {
  readonly file: string
  readonly line: number
  readonly name: string
  readonly ownLines: number
  readonly allLines: number
}

/** Returns the paths of the TypeScript files below a directory, relative to it. */
export const sourcesBelow = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()

/** Returns the number of lines of a text; the newline at its end begins none. */
export const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length

const nameOf = (node: ts.Node): string => {
  const named = ts.isFunctionLike(node) && node.name !== undefined ? node : node.parent
  return 'name' in named && named.name !== undefined ? (named.name as ts.Node).getText() : '(anonymous)'
}

/** Returns every function of a file that has a body. */
export const functionsOf = (file: string, text: string): readonly Measured[] => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const found: Measured[] = []
  /** Returns the lines that a node hides from the function around it. */
  const visit = (node: ts.Node): number => {
    let inside = 0
    ts.forEachChild(node, (child) => {
      inside += visit(child)
    })
    const body = ts.isFunctionLike(node) && 'body' in node ? (node.body as ts.Node | undefined) : undefined
    if (body === undefined) return inside
    const allLines = lineOf(node.end) - lineOf(node.getStart()) + 1
    const line = lineOf(node.getStart()) + 1
    found.push({ file, line, name: nameOf(node), ownLines: allLines - inside, allLines })
    return lineOf(body.end) - lineOf(body.getStart())
  }
  visit(source)
  return found
}

/** Returns the functions of all files below a directory. */
export const functionsBelow = (root: string): readonly Measured[] =>
  sourcesBelow(root).flatMap((file) => functionsOf(file, readFileSync(join(root, file), 'utf8')))
