import type { Wakeup, WakeupTopic } from '../../ports/wakeup.js'

/** Passes hints on within one process: every listener of a topic is called at once. */
export const createLocalWakeup = (): Wakeup => {
  const listeners = new Map<WakeupTopic, Set<() => void>>()
  return {
    notify(topic) {
      for (const listener of [...(listeners.get(topic) ?? [])]) listener()
    },
    subscribe(topic, listener) {
      const own = (): void => listener()
      const set = listeners.get(topic) ?? new Set()
      set.add(own)
      listeners.set(topic, set)
      return () => set.delete(own)
    },
  }
}
