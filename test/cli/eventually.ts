import { vi } from 'vitest'

/** Waits for a condition, with more patience than a loaded machine needs. */
export const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 })
