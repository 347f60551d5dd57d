import type { SettingsStore } from '../../src/ports/settings-store.js'

/** Creates the settings of the store port, without its promises. */
export const createMemorySettings = () => {
  const values = new Map<string, string>()
  return {
    stored: () => Object.fromEntries(values),
    store(...[changes]: Parameters<SettingsStore['storeSettings']>) {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) values.delete(name)
        else values.set(name, value)
      }
      return Object.fromEntries(values)
    },
  }
}
