import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { useDashboard } from '../state/dashboard.js'
import { windowOf } from '../state/row-window.js'
import { JobRow } from './job-row.js'

const narrow = matchMedia('(max-width: 760px)')
/** All rows have the same height in each layout, so that the position of a row follows from its number. */
const rowHeight = (): number => (narrow.matches ? 108 : 60)
const ahead = 8
/** More jobs are asked for when fewer rows than these are left below. */
const nearEnd = 40

/** Shows all jobs as one table. Only the rows in sight are in the document. */
export const JobTable = () => {
  const { jobs } = useDashboard()
  const body = useRef<HTMLTableSectionElement>(null)
  const view = useSignal({ top: 0, height: innerHeight, row: rowHeight() })
  jobs.revision.value
  const list = jobs.list()

  useEffect(() => {
    const look = (): void => {
      if (body.current === null) return
      const top = Math.max(0, -body.current.getBoundingClientRect().top)
      const before = view.peek()
      const next = { top, height: innerHeight, row: rowHeight() }
      if (before.top !== next.top || before.height !== next.height || before.row !== next.row) view.value = next
    }
    look()
    addEventListener('scroll', look, { passive: true })
    addEventListener('resize', look)
    return () => {
      removeEventListener('scroll', look)
      removeEventListener('resize', look)
    }
  }, [])

  const { top, height, row } = view.value
  const { first, last } = windowOf({ top, height, row, count: list.size, ahead })
  if (last + nearEnd > list.size) void jobs.loadMore()

  const now = new Date()
  const away = jobs.connection.value === 'away'
  const rows = []
  for (let index = first; index < last; index++) {
    const job = list.at(index)
    if (job !== undefined) rows.push(<JobRow key={job.id} job={job} rowIndex={index + 2} now={now} away={away} />)
  }
  return (
    <table class="jobs" aria-rowcount={jobs.complete.value ? list.size + 1 : -1} aria-label="Jobs">
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col" class="cell-object">
            Object
          </th>
          <th scope="col" class="cell-state">
            State
          </th>
          <th scope="col" class="cell-progress">
            Progress
          </th>
          <th scope="col" class="cell-rate figure">
            Speed
          </th>
          <th scope="col" class="cell-time figure">
            Time
          </th>
          <th scope="col" class="cell-buttons">
            <span class="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        {first > 0 && <tr class="spacer" style={{ height: `${first * row}px` }} />}
        {rows}
        {last < list.size && <tr class="spacer" style={{ height: `${(list.size - last) * row}px` }} />}
      </tbody>
    </table>
  )
}
