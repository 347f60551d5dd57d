import { isSettled, type Job } from '../../../core/job.js'
import { jobColumns, jobOf, type PackedRow, placeId } from './rows.js'

/**
 * Lists cross between the threads with one text for each job, which SQLite makes. This costs a quarter of making a row
 * of it in JavaScript and of cloning the job.
 */
export const packed = `json_array(${jobColumns.map((name) => (name === 'place_id' ? placeId : name)).join(', ')})`

const rowOf = (text: string): PackedRow => {
  const values = JSON.parse(text) as readonly unknown[]
  return Object.fromEntries(jobColumns.map((name, index) => [name, values[index]])) as unknown as PackedRow
}

/**
 * The unpacker keeps so many settled jobs, and at most twice as many, because they are looked at again and again and do
 * not change by themselves.
 */
const generation = 256

/**
 * Returns a function that makes jobs of their texts. It returns the same object again for a settled job whose text is
 * the same.
 */
export const createUnpacker = (): ((text: string) => Job) => {
  let young = new Map<string, Job>()
  let old = new Map<string, Job>()

  const keep = (text: string, job: Job): void => {
    if (young.size >= generation) {
      old = young
      young = new Map()
    }
    young.set(text, job)
  }

  return (text) => {
    const known = young.get(text)
    if (known !== undefined) return known
    const job = old.get(text) ?? jobOf(rowOf(text))
    if (isSettled(job.state)) keep(text, job)
    return job
  }
}
