import { type Question, useDashboard } from '../state/dashboard.js'
import { Dialog } from './dialog.js'

/** Asks before something is done that may affect other people. */
export const QuestionDialog = ({ asked }: { readonly asked: Question }) => {
  const { question, attempt } = useDashboard()
  const close = (): void => {
    question.value = null
  }
  return (
    <Dialog label={asked.title} onClose={close}>
      <h2>{asked.title}</h2>
      <p>{asked.text}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close}>
          No, leave it
        </button>
        <button
          type="button"
          class={`button ${asked.look}`}
          onClick={() => {
            close()
            void attempt(asked.act)
          }}
        >
          {asked.yes}
        </button>
      </div>
    </Dialog>
  )
}
