import type { Dashboard } from '../state/dashboard.js'
import { jobsHash } from '../state/route.js'

const links = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.job-link')]

/** Moves the focus from row to row. The scrolling that follows brings rows beyond the edge into the document. */
const step = (by: 1 | -1): void => {
  const all = links()
  const at = all.indexOf(document.activeElement as HTMLElement)
  const inSight = all.findIndex((link) => link.getBoundingClientRect().top > 80)
  const next = at === -1 ? all[Math.max(0, inSight)] : all[at + by]
  next?.focus({ preventScroll: true })
  next?.closest('tr')?.scrollIntoView({ block: 'nearest' })
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.closest('input, textarea, select, dialog') !== null || target.isContentEditable)

/**
 * Listens to the keys of the page: `/` goes to the filter, `n` opens a new upload, `j` and `k` or the arrows move along
 * the list, and Escape goes back to it.
 */
export const listenToKeys = ({ route, submitting, jobs, session }: Dashboard): (() => void) => {
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const { page } = route.peek()
    const onLink = document.activeElement?.classList.contains('job-link') === true
    const act = (): boolean => {
      switch (event.key) {
        case '/':
          document.querySelector<HTMLElement>('.filter-field input')?.focus()
          return page === 'jobs'
        case 'n':
          if (session.peek()?.scope !== 'read') submitting.value = true
          return true
        case 'j':
        case 'k':
          if (page === 'jobs') step(event.key === 'j' ? 1 : -1)
          return page === 'jobs'
        case 'ArrowDown':
        case 'ArrowUp':
          if (onLink) step(event.key === 'ArrowDown' ? 1 : -1)
          return onLink
        case 'Escape':
          if (page === 'job') location.hash = jobsHash(jobs.filter())
          return page === 'job'
        default:
          return false
      }
    }
    if (act()) event.preventDefault()
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}
