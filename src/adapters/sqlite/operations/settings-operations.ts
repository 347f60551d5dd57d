import type { StoredSettings } from '../../../ports/settings-store.js'
import type { JobWriter } from '../jobs/job-writer.js'
import type { Operations } from '../thread/protocol.js'

export const createSettingsOperations = ({ statements }: JobWriter) => {
  const stored = (): StoredSettings =>
    Object.fromEntries(
      (statements.settings.all() as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
    )

  return {
    storedSettings: stored,

    storeSettings: (at, changes, by) => {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) statements.forgetSetting.run(name)
        else statements.storeSetting.run({ name, value, at, by })
      }
      return stored()
    },
  } satisfies Partial<Operations>
}
