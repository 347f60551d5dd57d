import type { StoredSettings } from '../../../ports/settings-store.js'
import type { JobWriter } from '../jobs/job-writer.js'
import type { Statements } from '../sql/statements.js'
import type { Operations } from '../thread/protocol.js'

export const storedSettings = ({ settings }: Pick<Statements, 'settings'>): StoredSettings =>
  Object.fromEntries((settings.all() as { name: string; value: string }[]).map(({ name, value }) => [name, value]))

export const createSettingsOperations = ({ statements }: JobWriter) =>
  ({
    storedSettings: () => storedSettings(statements),

    storeSettings: (at, changes, by) => {
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) statements.forgetSetting.run(name)
        else statements.storeSetting.run({ name, value, at, by })
      }
      return storedSettings(statements)
    },
  }) satisfies Partial<Operations>
