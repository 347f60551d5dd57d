import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { PartView } from '../../core/part-view.js'
import { layOut, type PartBoard } from '../state/part-board.js'
import { colourOf, colours } from '../state/theme.js'
import { formatBytes, formatClock, formatCount, plural } from '../text/format.js'

const room = { least: 5, most: 22, gap: 3, height: 260 }

const partSentence = ({ partNumber, size, state, uploadedAt, attempts }: PartView): string => {
  const what =
    state === 'uploaded' && uploadedAt !== null
      ? `in OSS since ${formatClock(uploadedAt)}`
      : state === 'uploaded'
        ? 'in OSS'
        : state === 'uploading'
          ? 'on its way'
          : 'not sent yet'
  return `Part ${formatCount(partNumber)}, ${formatBytes(size)}: ${what}${attempts > 1 ? `, after ${attempts} tries` : ''}`
}

interface Props {
  readonly board: PartBoard
  readonly count: number
}

/** Shows every part as a square that fills up. It is painted by hand, because there may be ten thousand parts. */
export const PartsMap = ({ board, count }: Props) => {
  const canvas = useRef<HTMLCanvasElement>(null)
  const pointed = useSignal<number | null>(null)
  const width = useSignal(0)
  const layout = layOut(count, { width: width.value, height: room.height }, room)
  const step = layout.edge + room.gap
  const height = layout.rows * step - room.gap
  const look = colours.value

  useEffect(() => {
    const box = canvas.current?.parentElement
    if (box === null || box === undefined) return
    const measuring = new ResizeObserver(() => {
      width.value = box.clientWidth
    })
    measuring.observe(box)
    return () => measuring.disconnect()
  }, [])

  useEffect(() => {
    const paper = canvas.current
    const pen = paper?.getContext('2d')
    if (paper === null || pen === null || pen === undefined || width.value === 0) return
    const dense = devicePixelRatio
    paper.width = width.value * dense
    paper.height = height * dense
    pen.scale(dense, dense)
    const paint = {
      uploaded: colourOf('--part-there'),
      uploading: colourOf('--part-way'),
      pending: colourOf('--part-empty'),
    }
    for (let index = 0; index < count; index++) {
      pen.fillStyle = paint[board.parts.get(index + 1)?.state ?? 'pending']
      pen.beginPath()
      pen.roundRect(
        (index % layout.columns) * step,
        Math.floor(index / layout.columns) * step,
        layout.edge,
        layout.edge,
        Math.min(4, layout.edge / 4),
      )
      pen.fill()
    }
  }, [board, count, width.value, height, look])

  const point = (event: MouseEvent): void => {
    const column = Math.floor(event.offsetX / step)
    const number = Math.floor(event.offsetY / step) * layout.columns + column + 1
    pointed.value = column < layout.columns && number <= count ? number : null
  }

  const part = pointed.value === null ? undefined : board.parts.get(pointed.value)
  const way = board.uploading > 0 ? `, ${formatCount(board.uploading)} on their way` : ''
  const sentence = `${formatCount(board.uploaded)} of ${plural(count, 'part')} in OSS${way}`
  return (
    <figure class="parts">
      <div class="parts-paper" style={{ height: `${height}px` }}>
        <canvas
          ref={canvas}
          role="img"
          aria-label={sentence}
          style={{ height: `${height}px` }}
          onMouseMove={point}
          onMouseLeave={() => {
            pointed.value = null
          }}
        />
      </div>
      <figcaption class="muted figures">
        <span>{part === undefined ? sentence : partSentence(part)}</span>
        <span class="legend" aria-hidden="true">
          <i class="swatch there" /> in OSS <i class="swatch way" /> on its way <i class="swatch" /> to come
        </span>
      </figcaption>
    </figure>
  )
}
