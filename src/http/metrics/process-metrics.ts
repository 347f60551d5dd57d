import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

const percentiles = [50, 99] as const
const resolutionMs = 10

/**
 * Creates the metrics of the process. The collection of prom-client is not used, because it cannot be stopped again and its
 * names are not ours. `startedAt` is in milliseconds since the epoch.
 */
export const createProcessMetrics = (registry: Registry, startedAt: number) => {
  const registers = [registry]
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `longshore_${name}`, help, registers })

  const cpu = new Counter({
    name: 'longshore_process_cpu_seconds_total',
    help: 'Processor time of all threads.',
    labelNames: ['mode'],
    registers,
  })
  const resident = gauge('process_resident_memory_bytes', 'Resident memory of the process.')
  const heap = gauge('process_heap_bytes', 'Used heap of the main thread.')
  const external = gauge('process_external_memory_bytes', 'Buffers outside the heap of the main thread.')
  const descriptors = gauge('process_open_fds', 'Open file descriptors.')
  gauge('process_start_time_seconds', 'When the daemon started, in seconds since the epoch.').set(startedAt / 1000)
  const delay = new Gauge({
    name: 'longshore_event_loop_delay_seconds',
    help: 'How late the main thread was since the last scrape; percentile 100 is the worst.',
    // Prometheus keeps the label `quantile` for summaries.
    labelNames: ['percentile'],
    registers,
  })
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()

  /** Returns the delay in seconds. The time that the timer asked for is no delay. */
  const delayOf = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000)

  return {
    async read(): Promise<void> {
      const { user, system } = process.cpuUsage()
      cpu.reset()
      cpu.inc({ mode: 'user' }, user / 1e6)
      cpu.inc({ mode: 'system' }, system / 1e6)
      const memory = process.memoryUsage()
      resident.set(memory.rss)
      heap.set(memory.heapUsed)
      external.set(memory.external)
      const open = await readdir('/proc/self/fd').catch(() => null)
      if (open === null) descriptors.remove()
      else descriptors.set(open.length)
      for (const percentile of percentiles) {
        delay.set({ percentile }, delayOf(histogram.count === 0 ? 0 : histogram.percentile(percentile)))
      }
      delay.set({ percentile: 100 }, delayOf(histogram.count === 0 ? 0 : histogram.max))
      histogram.reset()
    },
    close: () => void histogram.disable(),
  }
}
