import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { useDashboard } from '../state/dashboard.js'
import { colourOf, colours } from '../state/theme.js'
import { shownSeconds } from '../state/throughput.js'
import { formatRate } from '../text/format.js'

const height = 132
const mib = 1024 * 1024

/** These are seconds before now, from the oldest to the newest. */
const ages = Array.from({ length: shownSeconds }, (_, index) => index - shownSeconds + 1)

/** Returns round steps for an axis of bytes, on which powers of two look round. */
const splitsTo = (most: number): number[] => {
  const step = 2 ** Math.ceil(Math.log2(Math.max(most, mib) / 3))
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
}

const optionsFor = (width: number): uPlot.Options => {
  const accent = colourOf('--accent')
  const line = colourOf('--line')
  const axis = {
    stroke: colourOf('--muted'),
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
    ticks: { show: false },
  }
  return {
    width,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_plot, _least, most) => [0, Math.max(most * 1.15, mib)] } },
    axes: [
      {
        ...axis,
        size: 26,
        grid: { show: false },
        // The chart is drawn at any width. On a phone there is room for every other minute.
        splits: (plot) => (plot.width < 420 ? [-240, -120, 0] : [-300, -240, -180, -120, -60, 0]),
        values: (_plot, splits) => splits.map((age) => (age === 0 ? 'now' : `−${-age / 60} min`)),
      },
      {
        ...axis,
        size: 78,
        grid: { stroke: line, width: 1 },
        splits: (_plot, _axis, _least, most) => splitsTo(most),
        values: (_plot, splits) => splits.map((rate) => (rate === 0 ? '0' : formatRate(rate))),
      },
    ],
    series: [{}, { stroke: accent, width: 1.6, fill: colourOf('--accent-wash'), points: { show: false } }],
  }
}

/** Shows the bytes per second over the last five minutes, drawn anew every second while the page is in sight. */
export const ThroughputChart = () => {
  const { jobs } = useDashboard()
  const box = useRef<HTMLDivElement>(null)
  const look = colours.value

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const plot = new uPlot(optionsFor(element.clientWidth), [ages, jobs.throughput.series()], element)
    const draw = (): void => {
      if (!document.hidden) plot.setData([ages, jobs.throughput.series()])
    }
    const timer = setInterval(draw, 1000)
    const resizing = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    resizing.observe(element)
    return () => {
      clearInterval(timer)
      resizing.disconnect()
      plot.destroy()
    }
  }, [look])

  return <div class="chart" ref={box} role="img" aria-label="Throughput over the last five minutes" />
}
