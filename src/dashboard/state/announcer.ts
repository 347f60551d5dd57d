import { signal } from '@preact/signals'
import type { StoredEvent } from '../../core/event.js'
import { fileNameOf, plural } from '../text/format.js'

/**
 * Settled uploads are announced together, at most once in this time, so that a screen reader can finish its sentence.
 */
const everyMs = 4_000

/** Holds the text of the live region. */
export const createAnnouncer = () => {
  const text = signal('')
  const settled = { 'job.completed': 0, 'job.failed': 0, 'job.cancelled': 0 }
  let lastName = ''
  let timer: ReturnType<typeof setTimeout> | null = null

  const tell = (): void => {
    timer = null
    const words = { 'job.completed': 'done', 'job.failed': 'failed', 'job.cancelled': 'cancelled' }
    const types = Object.keys(words) as (keyof typeof words)[]
    const total = types.reduce((sum, type) => sum + settled[type], 0)
    const told = types.filter((type) => settled[type] > 0)
    text.value =
      total === 1 && told[0] !== undefined
        ? `${lastName}: ${words[told[0]]}`
        : told.map((type) => `${plural(settled[type], 'upload')} ${words[type]}`).join(', ')
    for (const type of types) settled[type] = 0
  }

  return {
    text,
    say(sentence: string): void {
      text.value = sentence
    },
    event(event: StoredEvent): void {
      if (!Object.hasOwn(settled, event.type)) return
      settled[event.type as keyof typeof settled]++
      lastName = fileNameOf(event.job?.target.key ?? '')
      if (timer === null) timer = setTimeout(tell, everyMs)
    },
  }
}
