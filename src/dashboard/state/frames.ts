/** Gathers items and hands them over together, once per frame. */
export const createFrames = <T>(
  take: (items: readonly T[]) => void,
): { add(item: T): void /** Drops the items that wait. */; close(): void } => {
  let waiting: T[] = []
  let frame: number | null = null

  const flush = (): void => {
    if (frame !== null) cancelAnimationFrame(frame)
    frame = null
    const items = waiting
    waiting = []
    if (items.length > 0) take(items)
  }
  // A hidden page gets no frames.
  document.addEventListener('visibilitychange', flush)

  return {
    add(item) {
      waiting.push(item)
      frame ??= requestAnimationFrame(flush)
    },
    close() {
      document.removeEventListener('visibilitychange', flush)
      if (frame !== null) cancelAnimationFrame(frame)
      frame = null
      waiting = []
    },
  }
}
