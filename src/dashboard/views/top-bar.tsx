import { useSignal } from '@preact/signals'
import { useDashboard } from '../state/dashboard.js'
import type { Connection } from '../state/live-jobs.js'
import { theme, themes } from '../state/theme.js'
import { BandwidthDialog } from './bandwidth-dialog.js'
import { Icon } from './icon.js'
import { Logo } from './logo.js'

const connections: Readonly<Record<Connection, string>> = {
  live: 'Live',
  connecting: 'Connecting',
  away: 'Away',
}

const themeIcons = { auto: 'auto', light: 'sun', dark: 'moon' } as const
const themeWords = { auto: 'as the system', light: 'light', dark: 'dark' } as const

const ThemeSwitch = () => {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'auto'
  const label = `Colours: ${themeWords[theme.value]}. Change to ${themeWords[next]}`
  return (
    <button
      type="button"
      class="button icon-only"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = next
      }}
    >
      <Icon name={themeIcons[theme.value]} />
    </button>
  )
}

export const TopBar = () => {
  const { route, jobs, session, submitting, limit, closeSession, attempt } = useDashboard()
  const limiting = useSignal(false)
  const { page } = route.value
  const { value: connection } = jobs.connection
  const { value: holder } = session
  return (
    <header class="top">
      <div class="top-inner">
        <a class="brand" href="#/jobs">
          <Logo /> Longshore
        </a>
        <nav aria-label="Pages">
          <a href="#/jobs" aria-current={page === 'batches' ? undefined : 'page'}>
            Jobs
          </a>
          <a href="#/batches" aria-current={page === 'batches' ? 'page' : undefined}>
            Batches
          </a>
          <a href="./docs/" class="wide-only">
            API
          </a>
        </nav>
        <span class={`connection ${connection}`} role="status">
          <i aria-hidden="true" /> <span class="wide-only">{connections[connection]}</span>
        </span>
        <span class="top-buttons">
          {limit.value !== null && (holder === null || holder.scope === 'admin') && (
            <button
              type="button"
              class="button icon-only"
              aria-label="Bandwidth"
              title="Bandwidth"
              onClick={() => {
                limiting.value = true
              }}
            >
              <Icon name="gauge" />
            </button>
          )}
          <ThemeSwitch />
          {holder !== null && (
            <button
              type="button"
              class="button icon-only"
              aria-label={holder.name === null ? 'Sign out' : `Sign out ${holder.name}`}
              title={holder.name === null ? 'Sign out' : `Sign out ${holder.name}`}
              onClick={() => attempt(closeSession)}
            >
              <Icon name="leave" />
            </button>
          )}
          {holder?.scope !== 'read' && (
            <button
              type="button"
              class="button primary"
              onClick={() => {
                submitting.value = true
              }}
            >
              <Icon name="plus" /> <span>Upload</span>
            </button>
          )}
        </span>
      </div>
      {limiting.value && (
        <BandwidthDialog
          onClose={() => {
            limiting.value = false
          }}
        />
      )}
    </header>
  )
}
