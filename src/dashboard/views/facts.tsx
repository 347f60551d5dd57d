import type { ComponentChildren } from 'preact'

export interface Fact {
  readonly name: string
  /** Null means that the value is not known. It is not shown then. */
  readonly value: ComponentChildren | null
  readonly mono?: boolean
}

/** Shows names and values, one pair a line. */
export const Facts = ({ facts }: { readonly facts: readonly Fact[] }) => (
  <dl class="pairs">
    {facts.map(({ name, value, mono }) =>
      value === null ? null : (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={mono === true ? 'mono' : undefined}>{value}</dd>
        </div>
      ),
    )}
  </dl>
)
