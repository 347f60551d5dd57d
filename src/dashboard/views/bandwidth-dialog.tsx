import { useSignal } from '@preact/signals'
import { ApiProblem } from '../net/api.js'
import { useDashboard } from '../state/dashboard.js'
import { Dialog } from './dialog.js'
import { TextField } from './text-field.js'

interface Settings {
  readonly bandwidth: string | null
}

/** Sets the limit for everything that the daemon sends. */
export const BandwidthDialog = ({ onClose }: { onClose(): void }) => {
  const { api, announcer, limit } = useDashboard()
  const text = useSignal(limit.value === 'off' ? '' : (limit.value ?? ''))
  const problem = useSignal<string | undefined>(undefined)

  const set = async (bandwidth: string | null): Promise<void> => {
    try {
      const settings = await api.send<Settings>('PATCH', 'v1/settings', { bandwidth })
      limit.value = settings.bandwidth ?? 'off'
      announcer.say('The bandwidth was set.')
      onClose()
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      problem.value = error.fields[0]?.message ?? error.message
    }
  }
  return (
    <Dialog label="Bandwidth" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void set(text.value.trim() === '' ? 'off' : text.value.trim())
        }}
      >
        <h2>Bandwidth</h2>
        <p class="muted">The most that all uploads together may use. It takes effect at once and survives a restart.</p>
        <TextField
          label="Per second"
          name="bandwidth"
          value={text.value}
          placeholder="no limit"
          hint="Such as 50MiB, off, or a timetable: 08:00,10MiB 19:00,off"
          problem={problem.value}
          mono
          onInput={(value) => {
            text.value = value
            problem.value = undefined
          }}
        />
        <div class="dialog-buttons">
          <button type="button" class="button quiet" onClick={() => set(null)}>
            Use the startup setting
          </button>
          <button type="submit" class="button primary">
            Set
          </button>
        </div>
      </form>
    </Dialog>
  )
}
