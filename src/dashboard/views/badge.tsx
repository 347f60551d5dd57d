import type { Badge as BadgeLook } from '../text/words.js'
import { Icon } from './icon.js'

/** Shows a state by its word, its icon and its colour. */
export const Badge = ({ look }: { readonly look: BadgeLook }) => (
  <span class={`badge tone-${look.tone}`}>
    <Icon name={look.icon} />
    {look.word}
  </span>
)
