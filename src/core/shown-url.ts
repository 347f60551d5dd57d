/** Returns a URL as answers show it. What stands behind its path is often a secret of the receiver. */
export const withoutQuery = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
