/** Gathers items and hands them over together, once per frame; once a second while the page is hidden. */
export const createFrames = <T>(take: (items: readonly T[]) => void): ((item: T) => void) => {
  let waiting: T[] = []
  let cancel: (() => void) | null = null

  const flush = (): void => {
    cancel?.()
    cancel = null
    const items = waiting
    waiting = []
    if (items.length > 0) take(items)
  }
  // A frame that was asked for before the page was hidden comes when it is shown again.
  document.addEventListener('visibilitychange', flush)

  return (item) => {
    waiting.push(item)
    if (cancel !== null) return
    if (document.hidden) {
      const timer = setTimeout(flush, 1000)
      cancel = () => clearTimeout(timer)
    } else {
      const frame = requestAnimationFrame(flush)
      cancel = () => cancelAnimationFrame(frame)
    }
  }
}
