import { useSignal } from '@preact/signals'
import { ApiProblem } from '../net/api.js'
import { useDashboard } from '../state/dashboard.js'
import { Logo } from './logo.js'
import { TextField } from './text-field.js'

/** Exchanges a token for a cookie that scripts cannot read. The token itself is stored nowhere. */
export const SignIn = () => {
  const { openSession } = useDashboard()
  const token = useSignal('')
  const problem = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    busy.value = true
    try {
      await openSession(token.value.trim())
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      problem.value = error.status === 401 ? 'The daemon does not know this token.' : error.message
    } finally {
      busy.value = false
    }
  }
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <Logo />
        <h1>Sign in</h1>
        <p class="muted">
          This daemon needs a token: the one in <code>LONGSHORE_TOKEN</code> or one from its token file.
        </p>
        <TextField
          label="Token"
          name="token"
          type="password"
          autocomplete="current-password"
          value={token.value}
          problem={problem.value}
          required
          mono
          onInput={(value) => {
            token.value = value
            problem.value = undefined
          }}
        />
        <button type="submit" class="button primary wide" disabled={busy.value}>
          {busy.value ? 'Looking…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}
