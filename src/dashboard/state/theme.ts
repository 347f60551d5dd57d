import { effect, signal } from '@preact/signals'
import { remember, remembered } from './memory.js'

/** `auto` follows the system. */
export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export const theme = signal<Theme>(remembered<Theme>('theme') ?? 'auto')

/** This number grows when the colours of the page change, so that the canvases are painted anew. */
export const colours = signal(0)

/** Keeps the page in the theme that was chosen. */
export const applyTheme = (): void => {
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value
    remember('theme', theme.value === 'auto' ? null : theme.value)
    colours.value = colours.peek() + 1
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.value++
  })
}

/** Returns the value that a custom property such as `--accent` has on the page right now, for use in a canvas. */
export const colourOf = (property: string): string => {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
