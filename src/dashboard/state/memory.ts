/**
 * Remembers something of the page between visits in this browser, but nothing secret. Where storage is forbidden, it
 * remembers nothing.
 */
export const remember = (name: string, value: unknown): void => {
  try {
    if (value === null) localStorage.removeItem(`longshore.${name}`)
    else localStorage.setItem(`longshore.${name}`, JSON.stringify(value))
  } catch {
    // Remembering is only a convenience, so its failure is ignored.
  }
}

export const remembered = <T>(name: string): T | null => {
  try {
    return JSON.parse(localStorage.getItem(`longshore.${name}`) ?? 'null') as T | null
  } catch {
    return null
  }
}
