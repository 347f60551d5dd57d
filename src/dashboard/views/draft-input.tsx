import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

interface Props {
  readonly label: string
  readonly name: string
  /** This is the value in force. It is shown unless something is being typed. */
  readonly value: string
  readonly type?: 'text' | 'number'
  readonly placeholder?: string
  readonly min?: number
  readonly max?: number
  /** Commits so long after the last key too. When it is absent, only Enter and leaving the field commit. */
  readonly settleMs?: number
  /** Receives the text, trimmed. */
  onCommit(text: string): void
}

/** Keeps what is being typed while events draw the page anew, until the field is left or the value in force changes. */
export const DraftInput = ({ label, value, type, settleMs, onCommit, ...attributes }: Props) => {
  const draft = useSignal<string | null>(null)
  const committed = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)

  const commit = (): void => {
    clearTimeout(timer.current)
    const text = draft.peek()?.trim()
    if (text === undefined) return
    committed.current = text
    onCommit(text)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  useEffect(() => {
    // The user's own text has come back, and more may have been typed by now.
    if (value === committed.current) return
    committed.current = value
    clearTimeout(timer.current)
    draft.value = null
  }, [value])

  return (
    <input
      {...attributes}
      aria-label={label}
      // The types of Preact take one literal at a time.
      type={(type ?? 'text') as 'text'}
      value={draft.value ?? value}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => {
        draft.value = event.currentTarget.value
        clearTimeout(timer.current)
        if (settleMs !== undefined) timer.current = setTimeout(commit, settleMs)
      }}
      onChange={commit}
      onBlur={() => {
        draft.value = null
      }}
    />
  )
}
