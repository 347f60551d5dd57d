import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

interface Props {
  readonly label: string
  readonly name: string
  /** What holds. It is shown unless something is being typed. */
  readonly value: string
  readonly type?: 'text' | 'number'
  readonly placeholder?: string
  readonly min?: number
  readonly max?: number
  /** Commits so long after the last key too; absent: with Enter and on leaving only. */
  readonly settleMs?: number
  /** The text, trimmed. */
  onCommit(text: string): void
}

/** A line that keeps what is being typed while events draw the page anew, until it is left or what holds changes. */
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
    // One's own text has come back: there may be more of it by now.
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
