/** Settings by their names, as text. */
export type StoredSettings = Readonly<Record<string, string>>

/** Settings that were changed while the daemon ran. */
export interface SettingsStore {
  storedSettings(): Promise<StoredSettings>
  /**
   * Stores these settings. Null forgets one. `by` is the name of the token whose request it was. Returns what is stored
   * then.
   */
  storeSettings(changes: Readonly<Record<string, string | null>>, by: string | null): Promise<StoredSettings>
}
