import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { figuresOf } from '../report/figures.js'
import type { CaseResult } from '../report/measurement.js'
import { addToHistory, type Entry } from './history.js'
import { historyPage } from './page.js'
import { historyPicture } from './picture.js'

const explanation = fileURLToPath(new URL('../../../../docs/explanation/', import.meta.url))

/** Adds the figures of a run to the history, and writes its page and picture anew. */
export const recordRun = async (
  results: readonly CaseResult[],
  about: Pick<Entry, 'form' | 'sizes' | 'date' | 'commit' | 'machine' | 'load'>,
): Promise<number> => {
  const added = results.flatMap(figuresOf).map((figure): Entry => ({ ...figure, ...about }))
  const entries = await addToHistory(added)
  await writeFile(`${explanation}performance-history.md`, historyPage(entries))
  await writeFile(`${explanation}performance-history.svg`, historyPicture(entries))
  return added.length
}
