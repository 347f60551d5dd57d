import { useEffect } from 'preact/hooks'
import { useDashboard } from '../state/dashboard.js'
import { Icon } from './icon.js'

const shownMs = 10_000

/** Shows a refusal, in the daemon's own words, until the user closes it or it was there long enough. */
export const NoticeBar = () => {
  const { notice } = useDashboard()
  const { value } = notice
  useEffect(() => {
    if (value === null) return
    const timer = setTimeout(() => {
      if (notice.peek() === value) notice.value = null
    }, shownMs)
    return () => clearTimeout(timer)
  }, [value])
  return (
    <div class="notices" role="alert">
      {value !== null && (
        <div class={`notice tone-${value.tone}`}>
          <span>{value.text}</span>
          <button
            type="button"
            class="button icon-only"
            aria-label="Dismiss"
            onClick={() => {
              notice.value = null
            }}
          >
            <Icon name="cross" />
          </button>
        </div>
      )}
    </div>
  )
}
