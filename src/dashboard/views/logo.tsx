/** The logo shows something that goes up from the water. */
export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <g>
      <path d="M16 18V7m-4.6 4.4L16 6.8l4.6 4.6" />
      <path d="M6 21.6c1.7 1.5 3.3 1.5 5 0s3.3-1.5 5 0 3.3 1.5 5 0 3.3-1.5 5 0" />
    </g>
  </svg>
)
