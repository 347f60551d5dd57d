import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Form } from '../forms.js'
import type { Figure } from '../report/figures.js'
import type { Machine } from '../report/machine.js'

/** This is one landed figure with what it takes to judge it. Times that other programs lengthened are not kept. */
export interface Entry extends Figure {
  readonly form: Form
  readonly sizes: string
  /** This is the day, as YYYY-MM-DD. */
  readonly date: string
  readonly commit: string
  readonly machine: Machine
  /** This says what else ran on the machine. */
  readonly load: string
}

/** The bench is compiled two directories deeper than its sources. */
export const historyFile = fileURLToPath(new URL('../../../history.json', import.meta.url))

export const readHistory = async (path = historyFile): Promise<readonly Entry[]> =>
  JSON.parse(await readFile(path, 'utf8')) as Entry[]

/** Returns the text of the file: a line for each entry, so that a change shows what was added. */
export const historyText = (entries: readonly Entry[]): string =>
  `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]\n`

export const addToHistory = async (added: readonly Entry[]): Promise<readonly Entry[]> => {
  const entries = [...(await readHistory()), ...added]
  await writeFile(historyFile, historyText(entries))
  return entries
}

/** Returns the entry that was written last for a figure in a form. */
export const newestOf = (
  entries: readonly Entry[],
  { id, what }: Pick<Figure, 'id' | 'what'>,
  form: Form,
): Entry | null => entries.findLast((entry) => entry.id === id && entry.what === what && entry.form === form) ?? null
