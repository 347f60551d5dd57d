import { type KeysetList, keysetPage, startOf } from '../../../core/keyset-page.js'
import type { Page, PageRequest } from '../../../ports/page.js'
import type { JobWriter } from './job-writer.js'

type Instance = Pick<JobWriter, 'instance'>

/** Returns a page of a list of this database. */
export const pageOf = <Row, T>(
  { instance }: Instance,
  list: Omit<KeysetList<Row, T>, 'store'>,
  request: PageRequest,
): Page<T> => keysetPage({ ...list, store: instance }, request)

/** Returns the position from which a list goes on whose pages are not made by `pageOf`. */
export const positionOf = ({ instance }: Instance, list: string, first: number, cursor: string | null): number =>
  startOf({ list, store: instance, first }, cursor)
