/** Holds the descriptors from which reads are out that their callers have given up. */
export interface StuckDescriptors {
  add(fd: number): void
  /** One of its reads has been answered. */
  remove(fd: number): void
  /** Returns the number of reads that are out. */
  size(): number
  /** Returns null when no read of this descriptor is out. Otherwise the promise resolves once none is. */
  quiet(fd: number): Promise<void> | null
}

export const createStuckDescriptors = (): StuckDescriptors => {
  const reads = new Map<number, number>()
  const listeners = new Map<number, (() => void)[]>()
  let size = 0
  return {
    add(fd) {
      size += 1
      reads.set(fd, (reads.get(fd) ?? 0) + 1)
    },
    remove(fd) {
      size -= 1
      const left = (reads.get(fd) ?? 1) - 1
      if (left > 0) {
        reads.set(fd, left)
        return
      }
      reads.delete(fd)
      const told = listeners.get(fd) ?? []
      listeners.delete(fd)
      for (const tell of told) tell()
    },
    size: () => size,
    quiet(fd) {
      if (!reads.has(fd)) return null
      return new Promise((resolve) => {
        listeners.set(fd, [...(listeners.get(fd) ?? []), resolve])
      })
    },
  }
}
