/** Settings by name, as text. */
export type StoredSettings = Readonly<Record<string, string>>

/** Settings that were changed while the daemon ran. */
export interface SettingsStore {
  storedSettings(): Promise<StoredSettings>
  /** Null forgets one. `by`: the name of the token whose request it was. Answers what is stored then. */
  storeSettings(changes: Readonly<Record<string, string | null>>, by: string | null): Promise<StoredSettings>
}
