import type { ProgressView } from '../../core/job-view.js'
import type { Tone } from '../text/words.js'

/** Returns 0..100. An empty file is done when its job is. */
export const percentOf = ({ bytesTotal, bytesUploaded, bytesInFlight }: ProgressView, done: boolean): number => {
  if (done) return 100
  return bytesTotal === 0 ? 0 : Math.min(100, Math.floor(((bytesUploaded + bytesInFlight) / bytesTotal) * 100))
}

interface Props {
  readonly label: string
  readonly total: number
  readonly uploaded: number
  readonly inFlight: number
  readonly tone: Tone
  readonly percent: number
}

/** Shows what OSS has confirmed, and in a paler colour behind it what is on its way. */
export const ProgressBar = ({ label, total, uploaded, inFlight, tone, percent }: Props) => {
  const scale = (bytes: number): string => `scaleX(${total === 0 ? percent / 100 : Math.min(1, bytes / total)})`
  return (
    <div
      class={`bar tone-${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span class="bar-way" style={{ transform: scale(uploaded + inFlight) }} />
      <span class="bar-there" style={{ transform: scale(uploaded) }} />
    </div>
  )
}
