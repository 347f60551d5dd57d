import { useId } from 'preact/hooks'

interface Props {
  readonly label: string
  readonly name: string
  readonly value: string
  readonly hint?: string
  readonly placeholder?: string
  readonly problem?: string | undefined
  readonly mono?: boolean
  readonly required?: boolean
  readonly type?: 'text' | 'password' | 'number'
  readonly autocomplete?: string
  onInput(value: string): void
}

/** Shows a line to type in, with its name above it, and below it the hint or what is wrong. */
export const TextField = ({
  label,
  name,
  value,
  hint,
  placeholder,
  problem,
  mono,
  required,
  type,
  autocomplete,
  onInput,
}: Props) => {
  const id = useId()
  const below = problem ?? hint
  return (
    <div class="field" data-wrong={problem !== undefined}>
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        // The types of Preact take one literal at a time.
        type={(type ?? 'text') as 'text'}
        class={mono === true ? 'mono' : undefined}
        value={value}
        placeholder={placeholder}
        required={required}
        autocomplete={autocomplete ?? 'off'}
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={below === undefined ? undefined : `${id}-below`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {below !== undefined && (
        <p class="field-below" id={`${id}-below`}>
          {below}
        </p>
      )}
    </div>
  )
}
