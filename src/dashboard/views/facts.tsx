import type { ComponentChildren } from 'preact'

export interface Fact {
  readonly name: string
  /** Null: not known, and not shown. */
  readonly value: ComponentChildren | null
  readonly mono?: boolean
}

/** Names and values, one pair a line. */
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
