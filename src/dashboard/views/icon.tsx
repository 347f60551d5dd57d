/** The icons are drawn on a square of 16, in the colour of the text beside them. */
const paths = {
  clock: 'M8 4.6V8l2.2 1.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  up: 'M8 13V3.2M3.8 7.2 8 3l4.2 4.2',
  seal: 'M4.4 8.3 7 10.9 11.6 5.8M14 8A6 6 0 1 1 8 2',
  pause: 'M5.6 3.5v9M10.4 3.5v9',
  play: 'M5 3.2v9.6L12.6 8Z',
  cross: 'M4 4l8 8M12 4l-8 8',
  check: 'M3.2 8.5 6.5 11.8 12.8 4.8',
  minus: 'M3.5 8h9',
  folder:
    'M2 4.5A1.2 1.2 0 0 1 3.2 3.3h3l1.5 1.7h5.1A1.2 1.2 0 0 1 14 6.2v5.6a1.2 1.2 0 0 1-1.2 1.2H3.2A1.2 1.2 0 0 1 2 11.8Z',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8',
  plus: 'M8 3v10M3 8h10',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7',
  moon: 'M13.2 9.4A5.7 5.7 0 0 1 6.6 2.8a5.7 5.7 0 1 0 6.6 6.6Z',
  auto: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  gauge: 'M2.5 11.5a6 6 0 1 1 11 0M8 9.5l2.8-3.3',
  leave: 'M6.5 3H3.5v10h3M7 8h6.5M11 5.5 13.5 8 11 10.5',
  back: 'M9.8 3.5 5.2 8l4.6 4.5',
  trash: 'M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5',
  anchor: 'M8 5v9M8 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM5 7.3h6M2.5 9.5c.4 3 2.5 4.5 5.5 4.5s5.1-1.5 5.5-4.5',
} as const

/** These paths are filled, beside the lines. */
const solids: { readonly [name in keyof typeof paths]?: string } = { auto: 'M8 2a6 6 0 0 1 0 12Z' }

export type IconName = keyof typeof paths

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
    {solids[name] !== undefined && <path class="solid" d={solids[name]} />}
  </svg>
)
